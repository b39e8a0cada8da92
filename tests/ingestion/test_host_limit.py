"""The limit of requests at once to one host holds over threads and processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from ingestion.connections import configured_sources
from ingestion.errors import ConfigurationError
from ingestion.host_limit import HostLimit
from ingestion.http import Asking, HttpClient, HttpSettings
from tests.ingestion.vendor import Vendor

ROOT = Path(__file__).parents[2]
PATHS = [f"/rows/{number}" for number in range(8)]


@pytest.fixture
def slow(vendor: Vendor) -> Vendor:
    for path in PATHS:
        vendor.on(path, {"rows": []})
        vendor.delays[path] = 0.1
    return vendor


def ask(vendor: Vendor, settings: HttpSettings, paths: list[str]) -> None:
    with (
        HttpClient("a/b", vendor.base_url, settings) as client,
        ThreadPoolExecutor(len(paths)) as threads,
    ):
        list(threads.map(lambda path: client.get_json(path, Asking("row", 1, None)), paths))


@pytest.mark.parametrize("requests", [1, 3])
def test_no_more_requests_run_at_once_than_the_limit_says(
    slow: Vendor, settings: HttpSettings, tmp_path: Path, requests: int
) -> None:
    ask(slow, replace(settings, limit=HostLimit(tmp_path, requests)), PATHS)
    assert slow.busiest == requests
    assert len(slow.asked) == len(PATHS)


def test_without_a_limit_as_many_run_at_once_as_there_are_threads(
    slow: Vendor, settings: HttpSettings
) -> None:
    ask(slow, settings, PATHS)
    assert slow.busiest == len(PATHS)


def test_a_second_process_shares_the_limit_of_the_first(
    slow: Vendor, settings: HttpSettings, tmp_path: Path
) -> None:
    code = (
        "from pathlib import Path\n"
        "from ingestion.host_limit import HostLimit\n"
        "from ingestion.http import Asking, HttpClient, HttpSettings\n"
        f"settings = HttpSettings(limit=HostLimit(Path({str(tmp_path)!r})))\n"
        f"with HttpClient('a/b', {slow.base_url!r}, settings) as client:\n"
        f"    for path in {PATHS[4:]!r}:\n"
        "        client.get_json(path, Asking('row', 1, None))\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=dict(os.environ))
    while not slow.asked:
        assert other.poll() is None
    ask(slow, replace(settings, limit=HostLimit(tmp_path)), PATHS[:4])
    assert other.wait() == 0
    assert slow.busiest == 2
    assert len(slow.asked) == len(PATHS)


def test_a_process_that_dies_frees_its_place(
    slow: Vendor, settings: HttpSettings, tmp_path: Path
) -> None:
    code = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from ingestion.host_limit import HostLimit\n"
        f"with HostLimit(Path({str(tmp_path)!r}), 1).place({slow.base_url[7:]!r}):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == -9
    ask(slow, replace(settings, limit=HostLimit(tmp_path, 1)), PATHS[:1])
    assert len(slow.asked) == 1


def sources(folder: Path, text: str) -> Callable[[str], int]:
    vendors = "sources: [{source: salesforce, tenant: a}, {source: stripe, tenant: a}]\n"
    (folder / "sources.yml").write_text(vendors + text, encoding="utf-8")
    return configured_sources(folder).requests_to


def test_the_limit_is_a_setting_of_each_source_and_two_without_one(tmp_path: Path) -> None:
    requests_to = sources(tmp_path, "requests_per_host: {salesforce: 4}\n")
    assert (requests_to("salesforce"), requests_to("stripe")) == (4, 2)


@pytest.mark.parametrize("written", ["0", "4", "{stripe: 0}", "{stripe: many}", "{stripe: true}"])
def test_a_limit_that_is_none_is_refused_with_an_example(tmp_path: Path, written: str) -> None:
    with pytest.raises(ConfigurationError, match=r"requests_per_host: expected e\.g\."):
        sources(tmp_path, f"requests_per_host: {written}\n")


def test_a_limit_of_a_source_that_is_not_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="unknown key 'strip'; did you mean 'stripe'"):
        sources(tmp_path, "requests_per_host: {strip: 4}\n")
