"""`make prove`: every check on the whole data, written down with the hash of the files it proved.

Runs the tests with ten worlds for the answer key, the mutations and the benchmarks, and writes
`docs/proof/<issue>.json` of each issue that the run proves, and `docs/proof/README.md`. What each
part of it saw is kept in `docs/proof/parts/`: a run that was red, or was cut off, goes on where it
ended while the files are the same. No issue is proved before every part is green.
``--check`` runs nothing: it says of each proof whether the files it proved are still the same,
writes that into the table too, and ends with 1 when one is stale.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PROOFS = ROOT / "docs" / "proof"
PARTS = PROOFS / "parts"
TESTS = {"tests-of-ingestion": ["tests/ingestion"], "other-tests": ["--ignore=tests/ingestion"]}
"""Part -> what pytest is given."""
ISSUES = (2, 3, 4)
PROVED = (
    "ingestion", "expectations", "warehouse", "dashboards", "company", "dags", "dbt_project",
    "benchmarks", "scripts", "tests",
)  # fmt: skip
"""Folders whose files a proof is about. The lock is one of them: the packages are proved too."""
FILES = ("requirements.lock", "pyproject.toml", "Makefile")


class ProofError(Exception):
    """A check was red, or the work tree is not what a commit says."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What `docs/proof/<issue>.json` holds. `hashes` is one hash a folder or file proved."""

    issue: int
    commit: str
    tests: Mapping[str, int]
    mutation: Mapping[str, float]
    ratios: Mapping[str, float]
    hashes: Mapping[str, str]

    def changed(self, root: Path = ROOT) -> list[str]:
        """The folders and files that are no longer what was proved."""
        now = hashes(root)
        return sorted(
            name for name in {*now, *self.hashes} if now.get(name) != self.hashes.get(name)
        )


def hashes(root: Path = ROOT) -> dict[str, str]:
    """One hash for each proved folder or file: of the names and contents of what git tracks."""
    found = {}
    for name in (*PROVED, *FILES):
        total = hashlib.sha256()
        for path in _git("ls-files", "-z", "--", name, root=root).split("\0"):
            if path:
                content = hashlib.sha256((root / path).read_bytes()).hexdigest()
                total.update(f"{path} {content}\n".encode())
        found[name] = total.hexdigest()
    return found


def proofs(folder: Path = PROOFS) -> list[Proof]:
    """Every proof written so far, in the order of the issues."""
    found = [
        Proof(**json.loads(path.read_text(encoding="utf-8"))) for path in folder.glob("*.json")
    ]
    return sorted(found, key=lambda proof: proof.issue)


def page(written: list[Proof], root: Path = ROOT) -> str:
    """`docs/proof/README.md`: each proof and whether it still holds."""
    return "\n".join(_lines(written, root)) + "\n"


def _lines(written: list[Proof], root: Path) -> Iterator[str]:
    yield "# Proofs"
    yield ""
    yield (
        "`make prove` runs the tests with ten worlds for the answer key, `make mutate` and "
        "`make bench`, and writes what it saw here, with the hash of the files it saw it on. A "
        "proof is stale when one of those files has changed since: "
        "`python -m scripts.prove --check` compares and writes the table, `make prove` proves anew "
        "what `parts/` does not hold for the files as they are."
    )
    yield ""
    yield "| issue | commit | tests | changes noticed | build over bare DuckDB | state |"
    yield "|---|---|---|---|---|---|"
    for proof in written:
        changed = proof.changed(root)
        state = f"stale: {', '.join(changed)}" if changed else "fresh"
        yield (
            f"| [{proof.issue}]({proof.issue}.json) | {proof.commit[:12]} "
            f"| {proof.tests['passed']:,} passed, {proof.tests['skipped']} skipped "
            f"| {proof.mutation['killed_share']:.1%} of {proof.mutation['changes']:,} "
            f"| {proof.ratios['build_over_bare_duckdb']:.2f} | {state} |"
        )


def prove(issues: Sequence[int]) -> list[Proof]:
    """Runs every part that is not proved yet; one proof for each of `issues`.

    Raises ProofError at the first red part.
    """
    dirty = _git("status", "--porcelain", "--", *PROVED, *FILES)
    if dirty:
        raise ProofError(f"commit first, a proof names a commit:\n{dirty}")
    commit, proved = _git("rev-parse", "HEAD").strip(), hashes()
    tests = [_part(name, commit, proved, partial(_tests, which)) for name, which in TESTS.items()]
    mutation = _part("mutation", commit, proved, partial(_figures, "benchmarks.mutate"))
    ratios = _part("ratios", commit, proved, partial(_figures, "benchmarks"))
    passed = {count: sum(int(part[count]) for part in tests) for count in tests[0]}
    return [Proof(issue, commit, passed, mutation, ratios, proved) for issue in issues]


def _part(
    name: str, commit: str, proved: Mapping[str, str], measure: Callable[[Path], dict[str, Any]]
) -> dict[str, Any]:
    """What one part saw on the files of `proved`: read when it was kept, else measured and kept."""
    path = PARTS / f"{name}.json"
    if path.exists() and (kept := _read(path))["hashes"] == proved:
        print(f"{name}: proved at {kept['commit'][:12]}, and nothing changed since", flush=True)
        return dict(kept["seen"])
    with TemporaryDirectory(prefix="closebook-prove-") as folder:
        seen = measure(Path(folder) / "seen")
    if hashes() != proved:
        raise ProofError("files changed while they were being proved: prove again")
    _write(json.dumps({"commit": commit, "seen": seen, "hashes": proved}, indent=1) + "\n", path)
    return seen


def _figures(module: str, path: Path) -> dict[str, Any]:
    """What a module of figures writes when it is asked for JSON."""
    _run("-m", module, "--json", str(path))
    return _read(path)


def _tests(which: Sequence[str], report: Path) -> dict[str, Any]:
    """How many tests passed and were skipped; red tests raise."""
    side_by_side = ("-n", "2", "--dist", "loadfile")
    everything = {"CLOSEBOOK_PROVE": "1"}
    _run("-m", "pytest", *side_by_side, f"--junit-xml={report}", *which, environment=everything)
    suites = list(ET.parse(report).getroot().iter("testsuite"))  # noqa: S314 (pytest's own file)
    tests, failed, skipped = (
        sum(int(suite.get(count, 0)) for suite in suites for count in counts)
        for counts in (("tests",), ("failures", "errors"), ("skipped",))
    )
    return {"passed": tests - failed - skipped, "failed": failed, "skipped": skipped}


def _run(*arguments: str, environment: Mapping[str, str] | None = None) -> None:
    command = [sys.executable, *arguments]
    environment = {**os.environ, **(environment or {})}
    code = subprocess.run(command, cwd=ROOT, env=environment).returncode  # noqa: S603 (our own)
    if code:
        raise ProofError(f"python {' '.join(arguments[:2])} ended with {code}: nothing is written")


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _git(*arguments: str, root: Path = ROOT) -> str:
    command = ["git", *arguments]
    done = subprocess.run(  # noqa: S603 (our own arguments)
        command, cwd=root, check=True, capture_output=True, text=True
    )
    return done.stdout


def _write(text: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def check() -> int:
    """Writes the table and prints one line a proof; returns 1 when one of them is stale."""
    written, stale = proofs(), False
    _write(page(written), PROOFS / "README.md")
    for proof in written:
        changed = proof.changed()
        stale = stale or bool(changed)
        state = f"stale, changed since: {', '.join(changed)}" if changed else "fresh"
        print(f"issue {proof.issue}, {proof.commit[:12]}: {state}")
    return int(stale)


def main() -> int:
    """Returns 0, or 1 with the reason printed."""
    parser = argparse.ArgumentParser(prog="python -m scripts.prove", description=__doc__)
    parser.add_argument("--issues", type=int, nargs="+", default=ISSUES, metavar="NUMBER")
    parser.add_argument("--check", action="store_true", help="say which proofs are stale")
    options = parser.parse_args()
    if options.check:
        return check()
    try:
        written = prove(options.issues)
    except ProofError as error:
        print(error, file=sys.stderr)
        return 1
    for proof in written:
        _write(json.dumps(asdict(proof), indent=1) + "\n", PROOFS / f"{proof.issue}.json")
    return check()


if __name__ == "__main__":
    sys.exit(main())
