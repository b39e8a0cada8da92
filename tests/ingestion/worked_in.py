"""Six vendors in which people work, and what they hold, told without any of ingestion's code.

Salesforce, Stripe and Zendesk are the demo company's servers on a world of their own. Tryton,
Request Tracker and Roundup are played as far as reading goes, with what bites in the real ones
(tests/real asks those): times that are ignored when written in the wrong form, rows that vanish
without a trace, refusals with status 200, wrapped money.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import pytest

from company.servers.running import Servers, running_servers
from ingestion.connections import Connection
from tests.ingestion.weather import Answer, Question, Upstream, forward_to

Row = dict[str, Any]
Rows = dict[str, Row]
"""Landed id -> landed column -> value."""

START = datetime(2026, 6, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)
TENANT = "aurora"
SECRET = "a-password-of-the-storm"
FIRST, NEW, CHANGED, GONE = 33, 7, 6, 2
"""Objects of the first day; what each later day brings, changes and takes away."""


class Worked(Protocol):
    """A vendor. `resources` are read; `rows_at` are the places of rows in its pages."""

    @property
    def name(self) -> str: ...

    @property
    def resources(self) -> tuple[str, ...]: ...

    @property
    def rows_at(self) -> tuple[str, ...]: ...

    @property
    def upstream(self) -> Upstream: ...

    def live(self, random: Random, now: datetime) -> None:
        """A day of work until `now`."""

    def disturb(self, question: Question, random: Random) -> None:
        """Somebody works while it is read: between two requests."""

    def truth(self, resource: str) -> Rows:
        """What must have landed of each object that the vendor shows, deleted or not."""

    def gone(self, resource: str) -> Collection[str]:
        """Ids of what the vendor does not show any more."""

    def connection(self, base_url: str) -> Connection: ...


def moments(random: Random, count: int, now: datetime) -> list[datetime]:
    """Times of the day before `now`, in order; several things happen in one second."""
    seconds = sorted(random.choices(range(0, 86_000, 600), k=count))
    return [now - DAY + timedelta(seconds=second) for second in seconds]


def words(random: Random) -> str:
    """Text as people write it: quotes, other scripts, line ends, half a JSON."""
    return random.choice(
        ["plain", "", 'a "quoted" one', "Grüße", "客户 42", "line\nend", '{"half": ', "1e5", "null"]
    )


def money(random: Random) -> Decimal:
    return Decimal(random.randrange(-10_000, 100_000_000)) / 100


# The demo company's servers.


def _text(path: str) -> Callable[[Row], Any]:
    def read(row: Row) -> Any:
        found: Any = row
        for key in path.split("."):
            found = found.get(key) if isinstance(found, dict) else None
        return found if found is None or isinstance(found, str) else str(found)

    return read


def _number(path: str) -> Callable[[Row], Any]:
    return lambda row: None if _text(path)(row) is None else int(_text(path)(row))


def _cents(path: str) -> Callable[[Row], Any]:
    return lambda row: None if row.get(path) is None else round(Decimal(str(row[path])), 2)


def _time(path: str) -> Callable[[Row], Any]:
    def read(row: Row) -> Any:
        written = row.get(path)
        return written and datetime.fromisoformat(written).astimezone(UTC).replace(tzinfo=None)

    return read


_SALESFORCE = {
    "id": _text("Id"),
    "created_date": _time("CreatedDate"),
    "is_deleted": lambda row: row["_deleted"],
}
_STRIPE = {"id": _text("id"), "created": _number("created")}
_ZENDESK = {"id": _text("id"), "created_at": _time("created_at"), "updated_at": _time("updated_at")}
SHOWN: dict[tuple[str, str], dict[str, Callable[[Row], Any]]] = {
    ("salesforce", "account"): _SALESFORCE
    | {
        "name": _text("Name"),
        "owner_id": _text("OwnerId"),
        "system_modstamp": _time("SystemModstamp"),
    },
    ("salesforce", "opportunity"): _SALESFORCE
    | {
        "name": _text("Name"),
        "amount": _cents("Amount"),
        "close_date": lambda row: row["CloseDate"] and date.fromisoformat(row["CloseDate"]),
        "system_modstamp": _time("SystemModstamp"),
    },
    ("salesforce", "opportunity_field_history"): _SALESFORCE
    | {"field": _text("Field"), "new_value": _text("NewValue")},
    ("stripe", "invoice"): _STRIPE
    | {
        "status": _text("status"),
        "total": _number("total"),
        "finalized_at": _number("status_transitions.finalized_at"),
        "opportunity_id": _text("metadata.opportunity_id"),
    },
    ("stripe", "refund"): _STRIPE | {"amount": _number("amount"), "reason": _text("reason")},
    ("zendesk", "ticket"): _ZENDESK
    | {
        "status": lambda row: "deleted" if row["_deleted"] else row["status"],
        "channel": _text("via.channel"),
    },
    ("zendesk", "organization"): _ZENDESK
    | {
        "name": _text("name"),
        "deleted_at": _time("deleted_at"),
    },
    ("zendesk", "ticket_event"): {
        "id": _text("id"),
        "created_at": _time("created_at"),
        "ticket_id": _text("ticket_id"),
        "child_events": lambda row: json.dumps(
            row["child_events"], separators=(",", ":"), ensure_ascii=False
        ),
    },
    ("zendesk", "satisfaction_rating"): _ZENDESK | {"score": _text("score")},
}
_ONLY_ADDED = {"opportunity_field_history", "ticket_event", "refund"}
_NEVER_GONE = {"invoice", "satisfaction_rating", *_ONLY_ADDED}
"""Stripe's lists say nothing of what was deleted, and nobody deletes an invoice that counts."""


def _made(vendor: str, resource: str, number: int, at: datetime, random: Random) -> Row:
    """A new object as the vendor shows it."""
    match vendor:
        case "salesforce":
            return {
                "Id": f"{len(resource):03}{number:015}",
                "Name": words(random),
                "OwnerId": random.choice([None, "005A", "005B"]),
                "Amount": random.choice([None, float(money(random))]),
                "CloseDate": random.choice([None, "2026-02-28"]),
                "Field": "StageName",
                "NewValue": words(random),
                "CreatedDate": _salesforce_time(at),
                "SystemModstamp": _salesforce_time(at),
            }
        case "stripe":
            return {
                "id": f"{resource}_{number:06}",
                "created": int(at.timestamp()),
                "status": "open",
                "total": random.randrange(10**9),
                "amount": random.randrange(10**9),
                "reason": random.choice([None, "duplicate"]),
                "metadata": random.choice([{}, {"opportunity_id": words(random)}]),
                "status_transitions": {"finalized_at": None},
            }
        case _:
            return {
                "id": number,
                "name": words(random),
                "status": "open",
                "score": "offered",
                "ticket_id": random.randrange(100),
                "via": random.choice([None, {"channel": "email"}]),
                "child_events": [{"event_type": "Comment", "body": words(random)}],
                "created_at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
                "updated_at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            }


def _changed(vendor: str, row: Row, at: datetime, random: Random) -> Row:
    """The object after somebody has changed it; sometimes a field is cleared."""
    match vendor:
        case "salesforce":
            changed = {"OwnerId": None, "Amount": None} if random.random() < 0.3 else {}
            return (
                row
                | {"Name": words(random), "SystemModstamp": _salesforce_time(at)}
                | changed
                | {"Amount": random.choice([None, float(money(random))])}
            )
        case "stripe":
            return row | {
                "status": random.choice(["open", "paid", "void"]),
                "status_transitions": {"finalized_at": int(at.timestamp())},
            }
        case _:
            return row | {
                "name": words(random),
                "status": random.choice(["open", "pending", "solved"]),
                "score": random.choice(["good", "bad", "offered"]),
                "via": None,
                "updated_at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            }


def _salesforce_time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


@dataclass
class Company:
    """One of the demo company's servers, on a world of its own."""

    name: str
    path: Path
    servers: Servers
    numbers: int = 0
    now: datetime = START

    def __post_init__(self) -> None:
        self.resources = tuple(resource for vendor, resource in SHOWN if vendor == self.name)
        self.rows_at = {
            "salesforce": ("records",),
            "stripe": ("data",),
            "zendesk": tuple(f"{resource}s" for resource in self.resources),
        }[self.name]
        self.upstream = forward_to(getattr(self.servers, self.name))
        self._added_meanwhile: list[tuple[str, Row]] = []

    def connection(self, base_url: str) -> Connection:
        login = "app" if self.name == "salesforce" else ""
        return Connection(self.name, TENANT, base_url, login, SECRET)

    def live(self, random: Random, now: datetime) -> None:
        with sqlite3.connect(self.path) as db:
            # Nobody needs this file after a power failure.
            db.execute("pragma synchronous = off")
            for resource, row in self._added_meanwhile:
                self._write(db, resource, row, self.now, deleted=False)
            self._added_meanwhile.clear()
            first, self.now = self.now == START, now
            for resource in self.resources:
                for at in moments(random, FIRST if first else NEW, now):
                    row = self._new(resource, at, random)
                    self._write(db, resource, row, at, deleted=False)
                if not first:
                    self._change(db, resource, random, now)
        self.servers.clear_faults()
        self.servers.move_to(now.isoformat())

    def _change(self, db: sqlite3.Connection, resource: str, random: Random, now: datetime) -> None:
        if resource in _ONLY_ADDED:
            return
        alive = {id: row for id, row in self._objects(resource, db).items() if not row["_deleted"]}
        picked = random.sample(sorted(alive), CHANGED + GONE)
        # Another moment than what is new today, else a version would be written over.
        at = now - timedelta(seconds=random.randrange(1, 500))
        for place, id in enumerate(picked):
            gone = place >= CHANGED and resource not in _NEVER_GONE
            row = {name: value for name, value in alive[id].items() if name != "_deleted"}
            row = _changed(self.name, row, at, random)
            if gone and resource == "organization":
                row["deleted_at"] = row["updated_at"]
            self._write(db, resource, row, at, deleted=gone)

    def disturb(self, question: Question, random: Random) -> None:
        """Something new is there after the reply that is being asked for."""
        resource = random.choice(self.resources)
        row = self._new(resource, self.now, random)
        self._added_meanwhile.append((resource, row))
        self.servers.add_fault(kind="insert_row", vendor=self.name, resource=resource, row=row)

    def truth(self, resource: str) -> Rows:
        shown = SHOWN[self.name, resource]
        with sqlite3.connect(self.path) as db:
            return {
                id: {name: read(row) for name, read in shown.items()}
                for id, row in self._objects(resource, db).items()
            }

    def gone(self, resource: str) -> Collection[str]:
        return ()

    def last_touched(self, resource: str) -> str:
        """Place of the last object in the order of changes: what Zendesk's cursor stands for."""
        place = "cast(strftime('%s', valid_at) as integer)"
        query = f"select {place}, id from latest order by 1 desc, 2 desc limit 1"
        with sqlite3.connect(self.path) as db:
            ((sort, id),) = self._read(db, query, resource)
        return f"{sort}||{id}"

    def _new(self, resource: str, at: datetime, random: Random) -> Row:
        self.numbers += 1
        return _made(self.name, resource, self.numbers, at, random)

    def _write(
        self, db: sqlite3.Connection, resource: str, row: Row, at: datetime, *, deleted: bool
    ) -> None:
        id, valid_at = str(row.get("Id", row.get("id"))), f"{at:%Y-%m-%dT%H:%M:%SZ}"
        values = (self.name, TENANT, resource, id, valid_at, int(deleted), json.dumps(row))
        db.execute("insert into object_version values (?, ?, ?, ?, ?, ?, ?)", values)

    def _objects(self, resource: str, db: sqlite3.Connection) -> Rows:
        query = "select id, deleted, payload from latest"
        return {
            id: json.loads(payload) | {"_deleted": bool(deleted)}
            for id, deleted, payload in self._read(db, query, resource)
        }

    def _read(self, db: sqlite3.Connection, query: str, resource: str) -> list[tuple[Any, ...]]:
        latest = (
            "with latest as (select *, max(valid_at) from object_version where vendor = ? "
            "and resource = ? and valid_at <= ? group by id) "
        )
        values = (self.name, resource, f"{self.now:%Y-%m-%dT%H:%M:%SZ}")
        return db.execute(latest + query, values).fetchall()


# The three others, played.


@dataclass
class Store:
    """What people work on: objects by kind and id, each with its versions; None when it is gone.

    `made` makes the values of an object; kinds in `only_added` are never changed or deleted.
    """

    kinds: tuple[str, ...]
    made: Callable[[str, Random], Row]
    only_added: frozenset[str] = frozenset()
    now: datetime = START
    numbers: int = 0
    versions: dict[str, dict[int, list[tuple[datetime, Row | None]]]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    def add(self, kind: str, at: datetime, random: Random) -> None:
        self.numbers += 1
        self.versions[kind][self.numbers] = [(at, self.made(kind, random))]

    def work(self, kind: str, at: datetime, random: Random, changed: int, gone: int) -> None:
        """Changes and deletes some objects."""
        if kind in self.only_added:
            return
        picked = random.sample(sorted(self.there(kind)), changed + gone)
        for place, id in enumerate(picked):
            _, row = self.there(kind)[id]
            row = row | self.made(kind, random)
            self.versions[kind][id].append((at, row if place < changed else None))

    def live(self, random: Random, now: datetime) -> None:
        first, self.now = self.now == START, now
        for kind in self.kinds:
            for at in moments(random, FIRST if first else NEW, now):
                self.add(kind, at, random)
            if not first:
                at = now - timedelta(seconds=random.randrange(1, 500))
                self.work(kind, at, random, CHANGED, GONE)

    def disturb(self, question: Question, random: Random) -> None:
        kind = random.choice(self.kinds)
        self.add(kind, self.now, random)
        self.work(kind, self.now, random, 1, 1)

    def there(self, kind: str) -> dict[int, tuple[datetime, Row]]:
        """id -> when it last changed, and its values."""
        last = {id: found[-1] for id, found in self.versions[kind].items()}
        return {id: (at, row) for id, (at, row) in last.items() if row is not None}

    def gone(self, kind: str) -> set[int]:
        return self.versions[kind].keys() - self.there(kind).keys()

    def created(self, kind: str, id: int) -> datetime:
        return self.versions[kind][id][0][0]


def _naive(at: datetime) -> datetime:
    return at.replace(tzinfo=None)


_PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond")


def _wrapped(value: Any) -> Any:
    """A value as Tryton writes it."""
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": f"{value:.4f}"}
        case datetime():
            return {"__class__": "datetime", **{part: getattr(value, part) for part in _PARTS}}
        case date():
            return {"__class__": "date", **{part: getattr(value, part) for part in _PARTS[:3]}}
    return value


def _unwrapped(at: Mapping[str, int]) -> datetime:
    return datetime(**{part: at[part] for part in _PARTS}, tzinfo=UTC)


class Tryton:
    """JSON-RPC: reads by domain, revisions of opportunities, and rows that vanish."""

    name = "tryton"
    resources = ("party", "payment", "opportunity", "opportunity_revision")
    rows_at = ("result",)
    _kinds: Mapping[str, str] = {
        "party.party": "party",
        "account.payment": "payment",
        "sale.opportunity": "opportunity",
    }

    def __init__(self) -> None:
        self.store = Store(tuple(self._kinds.values()), self._made)
        self.live, self.disturb = self.store.live, self.store.disturb

    def connection(self, base_url: str) -> Connection:
        return Connection(self.name, TENANT, f"{base_url}/crm", "reader", SECRET)

    @staticmethod
    def _made(kind: str, random: Random) -> Row:
        if kind == "party":
            return {"name": words(random), "code": words(random)}
        amount = {
            "amount": random.choice([None, money(random)]),
            "currency_code": random.choice(["USD", "CNY"]),
        }
        if kind == "payment":
            return {"date": random.choice([None, date(2026, 2, 28)])} | amount
        return {"state": random.choice(["lead", "won"]), "description": words(random)} | amount

    def upstream(self, question: Question) -> Answer:
        asked = json.loads(question.body)
        _, *model, method = asked["method"].split(".")
        kind = self._kinds.get(".".join(model), "")
        result = self._result(kind, method, asked["params"])
        return Answer(200, json.dumps({"id": asked["id"], "result": result}).encode())

    def _result(self, kind: str, method: str, params: list[Any]) -> Any:
        if method == "get_preferences":
            return {"company": 1}
        versions = self.store.versions[kind]
        if method == "history_revisions":
            return [
                [_wrapped(at), id, "Ann"]
                for id in params[0]
                for at, row in versions[id]
                if row is not None
            ]
        if method == "read":
            ids, _, context = params
            until = _unwrapped(context["_datetime"]) if ids else self.store.now
            found = [(id, [v for v in versions[id] if v[0] <= until][-1]) for id in ids]
            return [self._shown(kind, id, at, row) for id, (at, row) in found if row is not None]
        domain, _, limit, _ = params[:4]
        rows = [
            self._shown(kind, id, at, row)
            for id, (at, row) in sorted(self.store.there(kind).items())
            if all(id > value if name == "id" else at >= _unwrapped(value)
                   for name, _, value in domain)
        ][:limit]  # fmt: skip
        return rows if method == "search_read" else [row["id"] for row in rows]

    def _shown(self, kind: str, id: int, at: datetime, row: Row) -> Row:
        shown = {name: _wrapped(value) for name, value in row.items()}
        if "currency_code" in shown:
            shown["currency."] = {"id": 1, "code": shown.pop("currency_code")}
        created = _wrapped(self.store.created(kind, id))
        return {"id": id, **shown, "create_date": created, "last_modified_at": _wrapped(at)}

    def truth(self, resource: str) -> Rows:
        if resource == "opportunity_revision":
            return self._revisions(self.store.there("opportunity").keys())
        return {
            str(id): {"id": str(id), "modified_at": _naive(at), "is_deleted": False, **row}
            for id, (at, row) in self.store.there(resource).items()
        }

    def _revisions(self, ids: Collection[int]) -> Rows:
        return {
            f"{id}@{at:%Y-%m-%dT%H:%M:%S.%fZ}": {
                "opportunity": str(id), "modified_at": _naive(at), **row
            }
            for id in ids
            for at, row in self.store.versions["opportunity"][id]
            if row is not None
        }  # fmt: skip

    def gone(self, resource: str) -> Collection[str]:
        if resource == "opportunity_revision":
            return self._revisions(self.store.gone("opportunity"))
        return {str(id) for id in self.store.gone(resource)}


class RequestTracker:
    """REST 2: TicketSQL, numbered pages with holes, times of one second, tickets that vanish."""

    name = "request_tracker"
    resources = ("ticket", "ticket_event")
    rows_at = ("items",)

    def __init__(self) -> None:
        kinds = ("ticket", "ticket_event")
        self.store = Store(kinds, self._made, only_added=frozenset({"ticket_event"}))
        self.live, self.disturb = self.store.live, self.store.disturb

    def connection(self, base_url: str) -> Connection:
        return Connection(self.name, TENANT, base_url, "reader", SECRET)

    @staticmethod
    def _made(kind: str, random: Random) -> Row:
        if kind == "ticket_event":
            return {
                "ticket_id": f"{random.randrange(100)}",
                "event_type": random.choice(["Create", "Status", "Correspond"]),
                "new_value": random.choice([None, "open", "resolved"]),
            }
        return {
            "status": random.choice(["new", "open", "resolved"]),
            "priority": random.choice(["0", "Medium", ""]),
            "requestor_domain": random.choice([None, "lakeside.example"]),
            "custom_fields": random.choice([None, [{"name": "Plan", "values": ["gold"]}]]),
        }

    def _is_hidden(self, id: int) -> bool:
        """From the reader: the row takes a place on a page and is left out."""
        return id % 9 == 0

    def upstream(self, question: Question) -> Answer:
        parts = urlsplit(question.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/REST/2.0/tickets":
            kind, changed = "ticket", "LastUpdated"
            asked = re.fullmatch(r"id > (\d+)(?: AND LastUpdated >= '(.*)')?", query["query"])
            assert asked, query["query"]
            after, since = int(asked[1]), asked[2]
        else:
            kind, changed = "ticket_event", "Created"
            conditions = {found["field"]: found["value"] for found in json.loads(query["query"])}
            after, since = conditions["id"], conditions.get("Created")
        # Any other way of writing it is ignored, and everything matches.
        written = since and re.fullmatch(r"[0-9-]{10} [0-9:]{8}", since)
        floor = datetime.fromisoformat(f"{since}+00:00") if written else START - 99 * DAY
        found = [
            (at if query["orderby"] == changed else id, id)
            for id, (at, _) in self.store.there(kind).items()
            if id > after and at >= floor
        ]
        found.sort(reverse=query["order"] == "DESC")
        size, page = int(query["per_page"]), int(query["page"])
        ids = [id for _, id in found][(page - 1) * size : page * size]
        items = [self._shown(kind, id) for id in ids if not self._is_hidden(id)]
        body = {"items": items, "count": len(items), "page": page, "total": None}
        return Answer(200, json.dumps(body).encode())

    def _shown(self, kind: str, id: int) -> Row:
        at, row = self.store.there(kind)[id]
        created = f"{self.store.created(kind, id):%Y-%m-%dT%H:%M:%SZ}"
        shown = {"id": id, "Created": created, "type": kind, "_url": "https://rt.example/"}
        if kind == "ticket_event":
            return shown | {
                "ObjectId": row["ticket_id"], "Type": row["event_type"],
                "Field": None, "NewValue": row["new_value"], "Creator": {"id": "ann"},
            }  # fmt: skip
        address = row["requestor_domain"] and f"Ann@{row['requestor_domain'].upper()}"
        return shown | {
            "Queue": {"Name": "General"},
            "Status": row["status"],
            "Priority": row["priority"],
            "Requestor": [{"id": "27", "EmailAddress": address}] if address else [],
            # A field whose type changes when empty.
            "CustomFields": row["custom_fields"] or "",
            "LastUpdated": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        }

    def truth(self, resource: str) -> Rows:
        changed = "updated_at" if resource == "ticket" else "created_at"
        rows = {
            str(id): {"id": str(id), changed: _naive(at), **row}
            for id, (at, row) in self.store.there(resource).items()
            if not self._is_hidden(id)
        }
        for row in rows.values():
            if row.get("custom_fields"):
                row["custom_fields"] = json.dumps(row["custom_fields"], separators=(",", ":"))
        return rows

    def gone(self, resource: str) -> Collection[str]:
        return {str(id) for id in self.store.gone(resource)}


class Roundup:
    """REST: by time of change with its own way of writing times; retired items vanish."""

    name = "roundup"
    resources = ("issue", "msg", "user")
    rows_at = ("data.collection",)

    def __init__(self) -> None:
        self.store = Store(self.resources, self._made)
        self.live, self.disturb = self.store.live, self.store.disturb

    def connection(self, base_url: str) -> Connection:
        return Connection(self.name, TENANT, base_url, "reader", SECRET)

    @staticmethod
    def _made(kind: str, random: Random) -> Row:
        match kind:
            case "issue":
                status = random.choice([None, "unread", "resolved"])
                return {"status": status, "priority": random.choice([None, "bug", "wish"])}
            case "msg":
                return {"author_id": random.choice([None, "3", "4"])}
        domain = random.choice([None, "lakeside.example"])
        return {"domain": domain, "organisation": words(random)}

    def upstream(self, question: Question) -> Answer:
        parts = urlsplit(question.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        kind = parts.path.removeprefix("/rest/data/")
        written = re.fullmatch(r"[0-9-]{10}\.[0-9:]{8};", query.get("activity", ""))
        floor = START - 99 * DAY
        if written:
            floor = datetime.strptime(written[0], "%Y-%m-%d.%H:%M:%S;").replace(tzinfo=UTC)
        found = [(at, id) for id, (at, _) in self.store.there(kind).items() if at >= floor]
        found.sort(reverse=query.get("@sort", "").startswith("-"))
        size = int(query.get("@page_size", len(found)))
        rows = [self._shown(kind, id) for _, id in found[:size]]
        if query["@fields"] == "id":
            rows = [{"id": row["id"], "link": row["link"]} for row in rows]
        return Answer(200, json.dumps({"data": {"collection": rows}}).encode())

    def _shown(self, kind: str, id: int) -> Row:
        at, row = self.store.there(kind)[id]
        shown = {
            "id": str(id),
            "link": f"https://tracker.example/rest/data/{kind}/{id}",
            "creation": f"{self.store.created(kind, id):%Y-%m-%d.%H:%M:%S}",
            "activity": f"{at:%Y-%m-%d.%H:%M:%S}",
        }
        match kind:
            case "issue":
                named = {name: value and {"id": "1", "name": value} for name, value in row.items()}
                return shown | named | {"creator": {"id": "1"}, "messages": []}
            case "msg":
                return shown | {"author": row["author_id"] and {"id": row["author_id"]}}
        address = row["domain"] and f"Ann@{row['domain'].upper()}"
        return shown | {"address": address, "organisation": row["organisation"]}

    def truth(self, resource: str) -> Rows:
        return {
            str(id): {"id": str(id), "updated_at": _naive(at), "is_deleted": False, **row}
            for id, (at, row) in self.store.there(resource).items()
        }

    def gone(self, resource: str) -> Collection[str]:
        return {str(id) for id in self.store.gone(resource)}


@contextmanager
def six_vendors(folder: Path) -> Iterator[list[Worked]]:
    """All of them, in which nobody has worked yet, until the block is left."""
    path = folder / "world.sqlite"
    with sqlite3.connect(path) as db:
        db.execute(
            "create table object_version (vendor text, tenant text, resource text, id text,"
            " valid_at text, deleted integer, payload text,"
            " primary key (vendor, tenant, resource, id, valid_at))"
        )
    credentials = {
        "salesforce": {TENANT: {"client_id": "app", "client_secret": SECRET}},
        "stripe": {TENANT: SECRET},
        "zendesk": {TENANT: SECRET},
    }
    with running_servers(path, START.isoformat(), credentials) as servers:
        companies = [Company(name, path, servers) for name in credentials]
        yield [*companies, Tryton(), RequestTracker(), Roundup()]


def small_pages(patch: pytest.MonkeyPatch) -> None:
    """Makes every page of every vendor hold a few rows only, so that there are many."""
    for module, name, size in PAGE_SIZES:
        patch.setattr(import_module(module), name, size)


PAGE_SIZES = (
    ("company.servers.salesforce", "MAX_PAGE", 9),
    ("company.servers.zendesk", "EXPORT_PAGE", 9),
    ("ingestion.zendesk.client", "PAGE_SIZE", 9),
    ("ingestion.stripe.client", "PAGE_SIZE", 9),
    ("ingestion.tryton.client", "ROWS_PER_PAGE", 9),
    ("ingestion.tryton.client", "IDS_PER_PAGE", 20),
    ("ingestion.request_tracker.client", "PER_PAGE", 9),
    ("ingestion.roundup.client", "PAGE_SIZE", 9),
)
