"""What the warehouse refuses, said to the person who reads it: what is wrong, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class WarehouseError(Exception):
    """Something stands in the way: nothing was published, nothing was lost."""


class BuildBusyError(WarehouseError):
    """Another build holds the warehouse."""


class NothingLandedError(WarehouseError):
    """There is nothing to build from yet."""


class PolicyError(WarehouseError):
    """The policy files were refused; `problems` has one entry a fault."""

    def __init__(self, message: str, problems: tuple[Any, ...]) -> None:
        super().__init__(message)
        self.problems = problems


class BuildFailedError(WarehouseError):
    """A gate or a dbt test refused the data; what is published stays.

    `gate` is raw, stage_entry, marts, or `dbt tests`; `failed_checks` holds one mapping a failed
    check (gate, suite, check_name, observed, threshold, why).
    """

    def __init__(self, gate: str, message: str, failed_checks: list[dict[str, Any]]) -> None:
        super().__init__(message)
        self.gate = gate
        self.failed_checks = failed_checks


class NotConfiguredError(WarehouseError):
    """What was asked for needs a setting that this installation does not have."""


class DamagedError(WarehouseError):
    """Files are not as they were written; `faults` has one entry a file."""

    def __init__(self, message: str, faults: Sequence[object]) -> None:
        super().__init__("\n  ".join([message, *map(str, faults)]))
        self.faults = tuple(faults)
