"""Files in an object store, with a real one: SeaweedFS through its S3 gateway."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyarrow.fs import FileSystem, FileType

from ingestion.clock import FixedClock
from ingestion.errors import ConfigurationError, TransientError
from ingestion.landing import Landing
from scripts.real.seaweed import Seaweed, running_seaweed
from warehouse.doctor import examine
from warehouse.files import take_in_folder
from warehouse.home import Home

SAMPLE = Path(__file__).parents[1] / "ingestion" / "data" / "funnel"
PLACE = "s3://deliveries/inbox"
CLOCK = FixedClock(datetime(2026, 7, 1, 3, tzinfo=UTC))


@pytest.fixture(scope="module")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    with running_seaweed(tmp_path_factory.mktemp("seaweed")) as running:
        yield running


class Bucket:
    """What a supplier and the store's owner see."""

    def __init__(self) -> None:
        self.store, self.name = FileSystem.from_uri("s3://deliveries?allow_bucket_creation=true")
        self.store.create_dir(self.name)

    def put(self, key: str, content: bytes) -> None:
        with self.store.open_output_stream(f"{self.name}/{key}") as stream:
            stream.write(content)

    def get(self, key: str) -> str | None:
        if self.store.get_file_info(f"{self.name}/{key}").type is FileType.NotFound:
            return None
        with self.store.open_input_stream(f"{self.name}/{key}") as stream:
            return bytes(stream.read()).decode()


@pytest.fixture
def bucket(seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    monkeypatch.setenv("AWS_ENDPOINT_URL", seaweed.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", seaweed.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", seaweed.secret)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    bucket = Bucket()
    bucket.store.delete_dir_contents(bucket.name)
    for path in SAMPLE.iterdir():
        bucket.put(f"inbox/{path.name}", path.read_bytes())
    return bucket


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").ensure()


def test_a_folder_of_a_store_lands_as_the_same_folder_on_disk(
    bucket: Bucket, home: Home, tmp_path: Path
) -> None:
    local = tmp_path / "inbox"
    local.mkdir()
    for path in SAMPLE.iterdir():
        (local / path.name).write_bytes(path.read_bytes())
    on_disk = Home(tmp_path / "other").ensure()
    expected = take_in_folder(str(local), on_disk, CLOCK)
    report = take_in_folder(PLACE, home, CLOCK)
    assert str(report) == str(expected).replace(str(local), PLACE)
    landed = [
        [(load.resource, load.rows, load.extra["file"], load.files[0].rows) for load in loads]
        for loads in (Landing(home.landing).accepted(), Landing(on_disk.landing).accepted())
    ]
    assert landed[0] == landed[1] and landed[0]
    for name in ("leads.csv.errors.csv", "deals.csv.errors.csv"):
        assert bucket.get(f"inbox/{name}") == (local / name).read_text()


def test_a_corrected_file_takes_its_error_file_out_of_the_store(bucket: Bucket, home: Home) -> None:
    take_in_folder(PLACE, home, CLOCK)
    deals = (SAMPLE / "deals.csv").read_text(encoding="utf-8").splitlines()
    bucket.put("inbox/deals.csv", "\n".join(deals[:3]).encode())
    report = take_in_folder(PLACE, home, CLOCK)
    assert [file.outcome for file in report.files] == ["unchanged", "taken in"]
    assert bucket.get("inbox/deals.csv.errors.csv") is None
    assert bucket.get("inbox/leads.csv.errors.csv") is not None


@pytest.mark.parametrize(
    ("setting", "value", "place", "error", "said"),
    [
        ("AWS_SECRET_ACCESS_KEY", "wrong", PLACE, ConfigurationError, "SIGNATURE_DOES_NOT_MATCH"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1", PLACE, TransientError, "does not answer"),
        ("AWS_REGION", "us-east-1", "s3://deliveries/nowhere", ConfigurationError, "holds no file"),
        ("AWS_REGION", "us-east-1", "s3://nobody/inbox", ConfigurationError, "s3://nobody/inbox"),
        ("AWS_REGION", "us-east-1", "s3://deliveries", ConfigurationError, "no folder of a bucket"),
        ("AWS_REGION", "us-east-1", "ftp://deliveries/a", ConfigurationError, "ftp:// is no place"),
    ],
)
def test_a_store_that_cannot_be_read_is_named_with_what_to_do(
    bucket: Bucket,
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    value: str,
    place: str,
    error: type[Exception],
    said: str,
) -> None:
    monkeypatch.setenv(setting, value)
    with pytest.raises(error, match=said) as raised:
        take_in_folder(place, home, CLOCK)
    assert Landing(home.landing).last_seq() == 0
    assert "secret-of-the-store" not in str(raised.value)


def test_doctor_looks_at_the_store(bucket: Bucket, home: Home) -> None:
    (home.root / "sources.yml").write_text(
        "files:\n"
        f"  - {{folder: '{PLACE}', mapping: mapping.yml}}\n"
        "  - {folder: 's3://deliveries/nowhere', mapping: mapping.yml}\n"
    )
    found = {finding.what: finding.ok for finding in examine(home) if "s3://" in finding.what}
    assert found == {PLACE: True, "s3://deliveries/nowhere": False}
