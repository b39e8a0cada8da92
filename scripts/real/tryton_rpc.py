"""Speaks to a Tryton server over JSON-RPC: sets up a company, and changes things in tests.

Ingestion has its own client; this one writes, and decodes what it reads.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self

import httpx

DATABASE = "crm"
USER = "admin"


class TrytonError(Exception):
    """Tryton refused a call."""


class TrytonRpc:
    """Calls of one user. Use as a context manager. `context` goes with every call."""

    def __init__(self, base_url: str, password: str) -> None:
        self.context: dict[str, Any] = {}
        self._http = httpx.Client(
            base_url=base_url, auth=(USER, password), timeout=120, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def call(self, method: str, *params: Any) -> Any:
        """The result of a method. Raises TrytonError with what the server said."""
        body = {"id": 1, "method": method, "params": [*params, self.context]}
        reply = self._http.post(
            f"/{DATABASE}/rpc/",
            content=json.dumps(body, default=_encoded),
            headers={"Content-Type": "application/json"},
        )
        reply.raise_for_status()
        answer = json.loads(reply.content, object_hook=_decoded)
        if "error" in answer:
            # What follows the message may be the definition of every field of the model.
            raise TrytonError(f"{method}: {str(answer['error'])[:500]}")
        return answer["result"]

    def create(self, model: str, *rows: dict[str, Any]) -> list[int]:
        ids: list[int] = self.call(f"model.{model}.create", list(rows))
        return ids

    def write(self, model: str, ids: list[int], values: dict[str, Any]) -> None:
        self.call(f"model.{model}.write", ids, values)

    def delete(self, model: str, ids: list[int]) -> None:
        self.call(f"model.{model}.delete", ids)

    def find(self, model: str, *domain: Any) -> int:
        """The id of the one row that matches. Raises TrytonError when it is not one."""
        ids = self.call(f"model.{model}.search", list(domain), 0, None, None)
        if len(ids) != 1:
            raise TrytonError(f"{model} {domain}: {len(ids)} rows")
        found: int = ids[0]
        return found

    def read(self, model: str, fields: list[str], *domain: Any) -> list[dict[str, Any]]:
        """All rows that match, inactive ones as well, by id."""
        rows: list[dict[str, Any]] = self.call(
            f"model.{model}.search_read",
            [["active", "in", [True, False]], *domain] if "active" in fields else list(domain),
            0,
            None,
            [["id", "ASC"]],
            fields,
        )
        return rows

    def wizard(self, name: str, *steps: tuple[str, dict[str, Any]]) -> None:
        """Runs a wizard through (state, data) to its end."""
        session, _, _ = self.call(f"wizard.{name}.create")
        for state, data in steps:
            self.call(f"wizard.{name}.execute", session, data, state)
        self.call(f"wizard.{name}.delete", session)


def _encoded(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, datetime):
        parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return {"__class__": "datetime", **{part: getattr(value, part) for part in parts}}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(f"{type(value).__name__} is nothing that Tryton takes")


def _decoded(value: dict[str, Any]) -> Any:
    kind = value.pop("__class__", None)
    if kind == "Decimal":
        return Decimal(value["decimal"])
    if kind == "datetime":
        return datetime(**value)  # noqa: DTZ001  Tryton's times are UTC without saying so
    if kind == "date":
        return date(**value)
    return value
