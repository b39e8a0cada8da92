"""Ports for the servers that tests start: no two tests of one run are given the same."""

from __future__ import annotations

import os

from scripts.ports import free_ports

_OF_EACH_WORKER = 1000
_worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
_next = 10000 + _OF_EACH_WORKER * int(_worker)


def ports(count: int) -> list[int]:
    """`count` free ports in a row, which no connection takes and no other worker is given."""
    global _next
    first = free_ports(_next, count)
    _next = first + count
    return list(range(first, _next))
