"""The retrying client, over a real socket."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from starlette.responses import Response, StreamingResponse

from ingestion.errors import ContractError, GaveUpError, TerminalError
from ingestion.http import Asking, HttpClient, HttpSettings
from tests.ingestion.vendor import SECRET, Vendor

ASKING = Asking("invoice", 3, "2026-06-30T16:00:00Z")
PATH = "/v1/invoices"


@pytest.fixture
def client(vendor: Vendor, settings: HttpSettings) -> HttpClient:
    return HttpClient("stripe/aurora", vendor.base_url, settings, secrets=(SECRET,))


def test_a_reply_comes_back_as_parsed_and_as_the_exact_bytes(
    client: HttpClient, vendor: Vendor
) -> None:
    content = b'{ "data" : [ {"amount": 10.10} ] }\n'
    vendor.on(PATH, content)
    reply = client.get_json(PATH, ASKING)
    assert reply.content == content
    assert reply.body == {"data": [{"amount": 10.1}]}


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_bad_moment_is_waited_out(
    client: HttpClient, vendor: Vendor, waits: list[float], status: int
) -> None:
    vendor.on(PATH, Response("<html>busy</html>", status), Response("", status), {"data": []})
    assert client.get_json(PATH, ASKING).body == {"data": []}
    assert waits == [1.0, 2.0]


def test_waits_double_up_to_the_longest_and_are_jittered(vendor: Vendor) -> None:
    waits: list[float] = []
    settings = HttpSettings(
        attempts=6, longest_wait=5.0, sleep=waits.append, jitter=lambda seconds: seconds / 2
    )
    vendor.on(PATH, Response("", 500))
    with HttpClient("s/t", vendor.base_url, settings) as client, pytest.raises(GaveUpError):
        client.get_json(PATH, ASKING)
    assert waits == [0.5, 1.0, 2.0, 2.5, 2.5]


def test_the_default_jitter_stays_in_the_upper_half_of_the_wait() -> None:
    drawn = [HttpSettings().jitter(8.0) for _ in range(200)]
    assert min(drawn) >= 4.0
    assert max(drawn) <= 8.0
    assert len(set(drawn)) > 100


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("86400", 120.0),
        (format_datetime(datetime.now(UTC) + timedelta(days=2), usegmt=True), 120.0),
        (format_datetime(datetime.now(UTC) - timedelta(days=2), usegmt=True), 0.0),
        ("soon", 1.0),
    ],
    # The names are the same in every process, whatever second it starts in.
    ids=["seconds", "too many seconds", "a date ahead", "a date gone by", "no time at all"],
)
def test_retry_after_is_honoured_in_seconds_and_as_a_date_and_is_capped(
    client: HttpClient, vendor: Vendor, waits: list[float], header: str, seconds: float
) -> None:
    vendor.on(PATH, Response("", 429, headers={"Retry-After": header}), {"data": []})
    client.get_json(PATH, ASKING)
    assert waits == [seconds]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<!doctype html><p>maintenance", "HTML page with status 200"),
        (b'{"data": [{"id": "in_1", "amo', "not JSON, or half of it"),
        (b"", "not JSON, or half of it"),
    ],
)
def test_rubbish_with_status_200_is_retried_and_then_named(
    client: HttpClient, vendor: Vendor, waits: list[float], content: bytes, says: str
) -> None:
    vendor.on(PATH, content)
    with pytest.raises(GaveUpError) as caught:
        client.get_json(PATH, ASKING)
    message = str(caught.value)
    assert says in message
    assert "stripe/aurora: invoice, page 3, cursor 2026-06-30T16:00:00Z" in message
    assert "gave up after 4 attempts" in message
    assert len(waits) == 3


def test_a_list_where_an_object_belongs_breaks_the_contract(
    client: HttpClient, vendor: Vendor
) -> None:
    vendor.on(PATH, [1, 2])
    with pytest.raises(ContractError, match="expected a JSON object"):
        client.get_json(PATH, ASKING)


def test_an_error_that_arrives_with_status_200_is_asked_again(
    client: HttpClient, vendor: Vendor, waits: list[float]
) -> None:
    vendor.on(PATH, {"error": "try again"}, {"data": None}, {"data": []})
    assert client.get_json(PATH, ASKING, holds="data").body == {"data": []}
    assert waits == [1.0, 2.0]


def test_an_error_with_status_200_that_stays_breaks_the_contract_in_the_vendors_words(
    client: HttpClient, vendor: Vendor, waits: list[float]
) -> None:
    vendor.on(PATH, {"error": f"{SECRET} may not read invoices"})
    with pytest.raises(ContractError) as caught:
        client.get_json(PATH, ASKING, holds="data")
    assert "invoice, page 3, cursor 2026-06-30T16:00:00Z" in str(caught.value)
    assert "no 'data': '{\"error\": \"*** may not read invoices\"}'" in str(caught.value)
    assert len(waits) == 2, "it is not waited for as long as for a vendor that is down"


def test_a_login_that_answers_something_else_does_not_repeat_it(
    client: HttpClient, vendor: Vendor
) -> None:
    vendor.on(PATH, {"ticket": "a-token-under-another-name"})
    with pytest.raises(ContractError, match="no 'access_token', time after time") as caught:
        client.post_form(PATH, ASKING, {"grant_type": "x"}, holds="access_token")
    assert "another-name" not in str(caught.value)


@pytest.mark.parametrize("status", [301, 400, 403, 404, 422])
def test_a_refusal_is_final(
    client: HttpClient, vendor: Vendor, waits: list[float], status: int
) -> None:
    vendor.on(PATH, Response('{"error": "no such thing"}', status))
    with pytest.raises(TerminalError, match=f"status {status}.*no such thing"):
        client.get_json(PATH, ASKING)
    assert waits == []
    assert len(vendor.asked) == 1


def test_a_401_without_a_login_is_final_and_names_the_connection(
    client: HttpClient, vendor: Vendor
) -> None:
    vendor.on(PATH, Response("", 401))
    with pytest.raises(TerminalError, match="Correct the connection of stripe/aurora"):
        client.get_json(PATH, ASKING)
    assert len(vendor.asked) == 1


@pytest.fixture
def logins() -> list[str]:
    return []


@pytest.fixture
def with_login(vendor: Vendor, settings: HttpSettings, logins: list[str]) -> HttpClient:
    def sign_in(_: HttpClient) -> dict[str, str]:
        logins.append(f"token-{len(logins) + 1}")
        return {"Authorization": f"Bearer {logins[-1]}"}

    return HttpClient("salesforce/aurora", vendor.base_url, settings, login=sign_in)


def test_a_401_on_the_way_is_answered_with_one_new_login(
    with_login: HttpClient, vendor: Vendor, logins: list[str]
) -> None:
    vendor.on(PATH, {"page": 1}, Response("", 401), {"page": 2}, {"page": 3})
    pages = [with_login.get_json(PATH, ASKING).body["page"] for _ in range(3)]
    assert pages == [1, 2, 3]
    shown = [request.headers["authorization"] for request in vendor.asked]
    assert shown == ["Bearer token-1", "Bearer token-1", "Bearer token-2", "Bearer token-2"]


def test_a_second_401_after_the_new_login_is_final(
    with_login: HttpClient, vendor: Vendor, logins: list[str]
) -> None:
    vendor.on(PATH, Response("", 401))
    with pytest.raises(TerminalError, match="credentials are not accepted"):
        with_login.get_json(PATH, ASKING)
    assert logins == ["token-1", "token-2"]


def test_a_reply_over_the_cap_is_refused_without_being_read_whole(vendor: Vendor) -> None:
    vendor.on(PATH, b'{"data": "' + b"x" * 50_000 + b'"}')
    settings = HttpSettings(max_bytes=10_000)
    with (
        HttpClient("s/t", vendor.base_url, settings) as client,
        pytest.raises(TerminalError, match="larger than 10000 bytes"),
    ):
        client.get_json(PATH, ASKING)


def test_a_compressed_bomb_is_measured_unpacked(vendor: Vendor) -> None:
    bomb = gzip.compress(b'{"data": "' + b"x" * 1_000_000 + b'"}')
    vendor.on(PATH, Response(bomb, headers={"Content-Encoding": "gzip"}))
    settings = HttpSettings(max_bytes=100_000)
    with (
        HttpClient("s/t", vendor.base_url, settings) as client,
        pytest.raises(TerminalError, match="larger than 100000 bytes"),
    ):
        client.get_json(PATH, ASKING)


def test_a_gzip_header_that_lies_is_retried(
    client: HttpClient, vendor: Vendor, waits: list[float]
) -> None:
    vendor.on(PATH, Response(b'{"a": 1}', headers={"Content-Encoding": "gzip"}), {"a": 2})
    assert client.get_json(PATH, ASKING).body == {"a": 2}
    assert len(waits) == 1


def test_a_vendor_that_is_not_there_is_retried_and_then_named(waits: list[float]) -> None:
    settings = HttpSettings(attempts=2, sleep=waits.append)
    with (
        HttpClient("s/t", "http://127.0.0.1:9", settings) as client,
        pytest.raises(GaveUpError, match="ConnectError"),
    ):
        client.get_json(PATH, ASKING)
    assert len(waits) == 1


def test_a_vendor_that_hangs_is_given_up_on(vendor: Vendor, waits: list[float]) -> None:
    vendor.hang(PATH, seconds=1.0)
    settings = HttpSettings(attempts=2, read_timeout=0.1, sleep=waits.append)
    with (
        HttpClient("s/t", vendor.base_url, settings) as client,
        pytest.raises(GaveUpError, match="ReadTimeout"),
    ):
        client.get_json(PATH, ASKING)


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_a_reply_that_drips_for_ever_is_broken_off(
    vendor: Vendor, waits: list[float], encoding: str
) -> None:
    async def drops() -> AsyncIterator[bytes]:
        for drop in gzip.compress(b'{"data": []}') * 100:
            yield bytes([drop])
            await asyncio.sleep(0.02)

    headers = {"Content-Encoding": encoding} if encoding else {}
    vendor.on(PATH, lambda _: StreamingResponse(drops(), headers=headers))
    settings = HttpSettings(attempts=2, longest_reply=0.2, sleep=waits.append)
    with (
        HttpClient("s/t", vendor.base_url, settings) as client,
        pytest.raises(GaveUpError, match="the reply drips"),
    ):
        client.get_json(PATH, ASKING)


@pytest.mark.parametrize(
    "spell",
    [
        str,
        lambda secret: httpx.URL("http://x", params={"key": secret}).query.decode(),
        lambda secret: f"Bearer {secret}",
        lambda _: "client_secret=another-secret",
        lambda _: '{"access_token": "another-secret"}',
        lambda _: "sk_live_another-secret",
    ],
)
@pytest.mark.parametrize("status", [400, 500])
def test_no_secret_reaches_a_message(
    client: HttpClient, vendor: Vendor, spell: Callable[[str], str], status: int
) -> None:
    vendor.on(PATH, Response(f"you sent {spell(SECRET)} and that is wrong", status))
    with pytest.raises((TerminalError, GaveUpError)) as caught:
        client.get_json(PATH, ASKING)
    message = str(caught.value)
    assert "***" in message
    assert "secret" not in message.replace("client_secret", "")
