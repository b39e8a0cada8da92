"""A million rows as each vendor's pages, prepared in a file, and a server that only sends them.

The server does nothing but find the next page and hand the file to the socket, so that what is
measured is the reader. `python -m benchmarks.pages FOLDER` serves until it is ended; the first line
that it prints is its port.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

_START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Shape:
    """One resource as its vendor sends it: rows on a page, one row, and what stands around them.

    `page(rows, last_id, is_last)` is a whole reply; `ids` is how many ids a page of a sweep has,
    0 when there is none.
    """

    resource: str
    size: int
    row: Callable[[int], str]
    page: Callable[[str, int, bool], str]
    ids: int = 0
    id_page: Callable[[str], str] = str


def _time(number: int) -> datetime:
    return _START + timedelta(seconds=number * 13)


def _salesforce(n: int) -> str:
    at = f"{_time(n):%Y-%m-%dT%H:%M:%S}.000+0000"
    return (
        f'{{"attributes":{{"type":"Opportunity","url":"/services/data/v61.0/sobjects/Opportunity/'
        f'006{n:015}"}},"Id":"006{n:015}","Name":"Lakeside {n} renewal",'
        f'"AccountId":"001{n % 9973:015}",'
        f'"OwnerId":"005{n % 97:015}","StageName":"Negotiation/Review",'
        f'"Amount":{n % 99991}.{n % 90 + 10},'
        f'"CurrencyIsoCode":"USD","Probability":60,"CloseDate":"2026-0{n % 9 + 1}-15","Type":"New",'
        f'"LeadSource":null,"Loss_Reason__c":null,"NextStep":"send the quote","IsClosed":false,'
        f'"IsWon":false,"Closed_At__c":null,"Discovery_Completed__c":"{at}","Proposal_Sent__c":null,'
        f'"Customer_Committed__c":null,"Contract_Signed__c":null,"CreatedDate":"{at}",'
        f'"SystemModstamp":"{at}","IsDeleted":false}}'
    )


def _stripe(n: int) -> str:
    at = int(_time(n).timestamp())
    return (
        f'{{"id":"in_{n:024}","object":"invoice","customer":"cus_{n % 9973:014}","number":"A-{n}",'
        f'"status":"paid","currency":"usd","total_excluding_tax":{n * 7 % 999_983},'
        f'"total":{n * 8 % 999_983},"due_date":{at + 2_592_000},"created":{at},"livemode":false,'
        f'"status_transitions":{{"finalized_at":{at + 60},"marked_uncollectible_at":null,'
        f'"paid_at":{at + 864_000},"voided_at":null}},"metadata":{{"opportunity_id":"006{n:015}"}},'
        f'"collection_method":"send_invoice","billing_reason":"manual","attempted":true}}'
    )


def _zendesk(n: int) -> str:
    at = f"{_time(n):%Y-%m-%dT%H:%M:%SZ}"
    return (
        f'{{"id":{n + 1},"url":"https://desk.example/api/v2/tickets/{n + 1}.json",'
        f'"external_id":null,'
        f'"via":{{"channel":"email","source":{{"rel":null}}}},"created_at":"{at}","updated_at":"{at}",'
        f'"type":"question","subject":"How do I export {n}?","priority":"normal","status":"solved",'
        f'"requester_id":{n % 9973},"submitter_id":{n % 9973},"assignee_id":{n % 97},'
        f'"organization_id":{n % 997},"tags":["export","billing"],"generated_timestamp":{n}}}'
    )


def _wrapped(at: datetime) -> str:
    return (
        f'{{"__class__":"datetime","year":{at.year},"month":{at.month},"day":{at.day},'
        f'"hour":{at.hour},"minute":{at.minute},"second":{at.second},"microsecond":0}}'
    )


def _tryton(n: int) -> str:
    at, cents = _time(n), f"{n * 7 % 99_991}.{n % 90 + 10}00"
    return (
        f'{{"id":{n},"move":{n // 2},"move.":{{"id":{n // 2},"state":"posted"}},"account":{n % 31},'
        f'"party":{n % 9973},"date":{{"__class__":"date","year":{at.year},"month":{at.month},'
        f'"day":{at.day}}},"maturity_date":null,'
        f'"debit":{{"__class__":"Decimal","decimal":"{cents}"}},'
        f'"credit":{{"__class__":"Decimal","decimal":"0.00"}},"currency.":{{"id":1,"code":"USD"}},'
        f'"amount_second_currency":null,"second_currency.":null,"reconciliation":null,'
        f'"invoice_payment":null,"description":"line {n}","create_date":{_wrapped(at)},'
        f'"last_modified_at":{_wrapped(at)}}}'
    )


def _request_tracker(n: int) -> str:
    at = f"{_time(n):%Y-%m-%dT%H:%M:%SZ}"
    return (
        f'{{"id":{n + 1},"type":"ticket","_url":"https://rt.example/REST/2.0/ticket/{n + 1}",'
        f'"Queue":{{"id":"1","type":"queue","Name":"General","_url":"https://rt.example/1"}},'
        f'"Status":"resolved","Priority":"Medium","Requestor":[{{"id":{n % 9973},"type":"user",'
        f'"EmailAddress":"ann{n % 9973}@lakeside.example","Organization":"Lakeside"}}],'
        f'"CustomFields":"","Created":"{at}","LastUpdated":"{at}"}}'
    )


def _roundup(n: int) -> str:
    at = f"{_time(n):%Y-%m-%d.%H:%M:%S}"
    return (
        f'{{"id":"{n + 1}","link":"https://tracker.example/rest/data/issue/{n + 1}",'
        f'"status":{{"id":"7","link":"https://tracker.example/rest/data/status/7","name":"resolved"}},'
        f'"priority":{{"id":"3","link":"https://tracker.example/rest/data/priority/3","name":"bug"}},'
        f'"creator":{{"id":"{n % 97}","link":"https://tracker.example/rest/data/user/{n % 97}",'
        f'"username":"ann"}},"messages":[{{"id":"{n}","link":"https://tracker.example/msg/{n}"}}],'
        f'"creation":"{at}","activity":"{at}"}}'
    )


def _salesforce_page(rows: str, last: int, is_last: bool) -> str:
    following = "" if is_last else f',"nextRecordsUrl":"/services/data/v61.0/query/01g-{last}"'
    return f'{{"totalSize":1,"done":{str(is_last).lower()}{following},"records":[{rows}]}}'


def _stripe_page(rows: str, last: int, is_last: bool) -> str:
    more = str(not is_last).lower()
    return f'{{"object":"list","url":"/v1/invoices","has_more":{more},"data":[{rows}]}}'


def _zendesk_page(rows: str, last: int, is_last: bool) -> str:
    ended = str(is_last).lower()
    return f'{{"after_cursor":"c{last}","end_of_stream":{ended},"tickets":[{rows}]}}'


def _tryton_page(rows: str, *_: object) -> str:
    return f'{{"id":1,"result":[{rows}]}}'


SHAPES: dict[str, Shape] = {
    "salesforce": Shape("opportunity", 2000, _salesforce, _salesforce_page),
    "stripe": Shape("invoice", 100, _stripe, _stripe_page),
    "zendesk": Shape("ticket", 1000, _zendesk, _zendesk_page),
    "tryton": Shape("move_line", 500, _tryton, _tryton_page, ids=10_000, id_page=_tryton_page),
    "request_tracker": Shape(
        "ticket", 100, _request_tracker, lambda rows, *_: f'{{"count":100,"items":[{rows}]}}'
    ),
    "roundup": Shape(
        "issue",
        100,
        _roundup,
        lambda rows, *_: f'{{"data":{{"collection":[{rows}]}}}}',
        ids=sys.maxsize,
        id_page=lambda ids: f'{{"data":{{"collection":[{ids}]}}}}',
    ),
}


def prepare(source: str, rows: int, folder: Path) -> int:
    """Writes the pages of `rows` rows of a vendor; returns their bytes.

    ``pages`` holds them one after the other, ``index.json`` where each begins and how long it is:
    those with rows, and those of a sweep.
    """
    shape = SHAPES[source]
    folder.mkdir(parents=True)
    spans: dict[str, list[tuple[int, int]]] = {"rows": [], "ids": []}
    with (folder / "pages").open("wb") as file:
        for kind, pages in (("rows", _pages(shape, rows)), ("ids", _id_pages(shape, rows))):
            for text in pages:
                content = text.encode()
                spans[kind].append((file.tell(), len(content)))
                file.write(content)
        size = file.tell()
    (folder / "index.json").write_text(json.dumps(spans), encoding="utf-8")
    return size


def _pages(shape: Shape, rows: int) -> Iterator[str]:
    # A page more than there are rows for: who pages by what came last learns the end from it.
    for start in range(0, rows + shape.size, shape.size):
        end = min(start + shape.size, rows)
        yield shape.page(",".join(map(shape.row, range(start, end))), end, end == rows)


def _id_pages(shape: Shape, rows: int) -> Iterator[str]:
    if not shape.ids:
        return
    first = json.loads(shape.row(0))["id"]
    for start in range(0, rows + min(shape.ids, rows), shape.ids):
        ids = range(int(first) + start, int(first) + min(start + shape.ids, rows))
        listed = (f'{{"id":"{id}"}}' if isinstance(first, str) else str(id) for id in ids)
        yield shape.id_page(",".join(listed))


def serve(folder: Path) -> None:
    """Sends the next page to whoever asks, whatever is asked; one connection at a time."""
    spans = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    with socket.socket() as listening, (folder / "pages").open("rb") as file:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        print(listening.getsockname()[1], flush=True)
        while True:
            connection, _ = listening.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection:
                _answer(connection, file.fileno(), iter(spans["rows"]), iter(spans["ids"]))


Spans = Iterator[tuple[int, int]]


def _answer(connection: socket.socket, pages: int, rows: Spans, ids: Spans) -> None:
    """Everything that one client asks, from the first page on."""
    while request := _request(connection):
        small = _small(request)
        if small is not None:
            connection.sendall(_head(len(small)) + small)
            continue
        is_sweep = b'.search"' in request or b"fields=id " in request
        span = next(ids if is_sweep else rows, None) or next(ids, None)
        if span is None:
            return
        start, length = span
        connection.sendall(_head(length))
        while length:
            sent = os.sendfile(connection.fileno(), pages, start, length)
            start, length = start + sent, length - sent


def _small(request: bytes) -> bytes | None:
    """The replies that are no page of the file."""
    if b"/oauth2/token" in request:
        return b'{"access_token":"a-token-of-the-benchmark"}'
    if b"get_preferences" in request:
        return b'{"id":1,"result":{"company":1}}'
    if b"order=DESC" in request:
        return b'{"count":0,"items":[]}'
    return None


def _head(length: int) -> bytes:
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % length
    )


def _request(connection: socket.socket) -> bytes:
    """One request, its body included; empty when the client has gone."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return b""
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            wanted = int(line.split(b":")[1])
            while len(body) < wanted:
                body += connection.recv(65536)
    return head + body


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
