"""Many resources at once, as far as each host allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from ingestion.connections import Connection, Sources
from ingestion.http import HttpSettings

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Task(Generic[Read]):
    """One resource to read: `read` is given how patient to be with its host."""

    connection: Connection
    resource: str
    read: Callable[[HttpSettings], Read]

    @property
    def name(self) -> str:
        return f"{self.connection.name}/{self.resource}"


def side_by_side(
    tasks: Sequence[Task[Read]],
    sources: Sources,
    settings: HttpSettings | None,
) -> tuple[list[Read], list[tuple[str, Exception]]]:
    """Runs all, of one host as many at once as it may be asked requests at once.

    One that fails does not stop the others. Returns what was read and (name, error) of what was
    not, both in the order of the tasks.
    """
    patience = settings or HttpSettings()

    def attempted(task: Task[Read]) -> Read:
        limit = patience.limit
        if limit is not None:
            limit = replace(limit, requests=sources.requests_to(task.connection.source))
        return task.read(replace(patience, limit=limit))

    pools = {
        task.connection.base_url: ThreadPoolExecutor(sources.requests_to(task.connection.source))
        for task in tasks
    }
    futures: list[Future[Read]] = [
        pools[task.connection.base_url].submit(attempted, task) for task in tasks
    ]
    read, failures = [], []
    for task, future in zip(tasks, futures, strict=True):
        try:
            read.append(future.result())
        except Exception as error:  # handed to the caller, who raises all of them together
            failures.append((task.name, error))
    for pool in pools.values():
        pool.shutdown()
    return read, failures
