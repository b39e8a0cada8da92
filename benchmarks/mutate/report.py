"""What a mutation run found: who noticed which change, and why the rest may go unnoticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.mutate.mutations import Mutation

REVIEWED = Path(__file__).parent.parent / "survivors.yml"
KILLERS = ("key", "error", "data test", "unit test")
LEAST_KILLED = 0.9


@dataclass(frozen=True, slots=True)
class Verdict:
    """One mutation and what noticed it; `killer` is None for a survivor."""

    mutation: Mutation
    path: str
    killer: str | None


class Reviewed:
    """The survivors that somebody has looked at, with the reason why each may live."""

    def __init__(self, path: Path = REVIEWED) -> None:
        groups = yaml.safe_load(path.read_text(encoding="utf-8")) or []
        self._reasons: dict[tuple[str, str], str] = {
            (model, change): group["reason"]
            for group in groups
            for model, changes in group["changes"].items()
            for change in changes
        }

    def reason(self, mutation: Mutation) -> str | None:
        return self._reasons.get((mutation.model, mutation.change))

    def stale(self, verdicts: Sequence[Verdict]) -> list[str]:
        """Reviewed changes of the models just judged that were noticed, or cannot be made."""
        models = {verdict.mutation.model for verdict in verdicts}
        living = {
            (verdict.mutation.model, verdict.mutation.change)
            for verdict in verdicts
            if verdict.killer is None
        }
        return [
            f"{model}: {change}"
            for model, change in self._reasons
            if model in models and (model, change) not in living
        ]


def killed_share(verdicts: Sequence[Verdict]) -> float:
    return sum(verdict.killer is not None for verdict in verdicts) / len(verdicts)


def page(verdicts: Sequence[Verdict], reviewed: Reviewed, seeds: Sequence[int]) -> str:
    """`docs/mutation.md`."""
    return "\n".join(_lines(verdicts, reviewed, seeds)) + "\n"


def _lines(verdicts: Sequence[Verdict], reviewed: Reviewed, seeds: Sequence[int]) -> Iterator[str]:
    survivors = [verdict for verdict in verdicts if verdict.killer is None]
    yield "# Mutation"
    yield ""
    yield (
        "Written by `make mutate`. Every model of core, marts and intermediate (without conformed) "
        "is changed in one place at a time: a comparison, a join, a condition of `where` or `on`, "
        "a number, a sign, `and`/`or`, `not`, `coalesce`, `distinct`, a window's order, an "
        "aggregate. The changed model and all that follow from it are then built, and the answer "
        "key, the data tests and the model's unit tests are asked, in this order, whether they "
        "notice."
    )
    yield ""
    yield (
        f"{len(verdicts):,} changes on worlds {' and '.join(map(str, seeds))}: "
        f"**{killed_share(verdicts):.1%} noticed**, {len(survivors)} not."
    )
    yield ""
    yield "| model | changes | " + " | ".join(f"by {name}" for name in KILLERS) + " | survivors |"
    yield "|---|---" + "|---" * len(KILLERS) + "|---|"
    for model, group in _by_model(verdicts).items():
        yield _row(model, group)
    yield _row("all", verdicts)
    yield ""
    yield (
        "`error`: the build breaks on its own: at a declared type or `not null`, or because a join "
        "on nothing multiplies the rows of a table by more than twenty."
    )
    if survivors:
        yield ""
        yield "## Survivors"
    by_reason: dict[str, list[Verdict]] = {}
    for verdict in survivors:
        by_reason.setdefault(reviewed.reason(verdict.mutation) or "Not reviewed.", []).append(
            verdict
        )
    for reason, group in sorted(by_reason.items()):
        yield ""
        yield " ".join(reason.split())
        yield ""
        for verdict in group:
            mutation = verdict.mutation
            yield f"- `{mutation.model}.sql:{mutation.line}` `{mutation.change}`"


def _by_model(verdicts: Sequence[Verdict]) -> Mapping[str, list[Verdict]]:
    groups: dict[str, list[Verdict]] = {}
    for verdict in sorted(verdicts, key=lambda verdict: verdict.path):
        groups.setdefault(verdict.mutation.model, []).append(verdict)
    return groups


def _row(name: str, verdicts: Sequence[Verdict]) -> str:
    counts = Counter(verdict.killer for verdict in verdicts)
    cells = [name, len(verdicts), *(counts[killer] for killer in KILLERS), counts[None]]
    return "| " + " | ".join(map(str, cells)) + " |"
