"""A proof holds for the files it was made on, and says so when they change."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scripts import prove
from scripts.prove import Proof, ProofError, hashes, page, proofs


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A work tree of two files that git knows."""
    for name in ("ingestion/a.py", "docs/a.md"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("a", encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    return tmp_path


def proof_of(tree: Path) -> Proof:
    return Proof(
        issue=2,
        commit="0" * 40,
        tests={"passed": 1200, "failed": 0, "skipped": 3},
        mutation={"changes": 1000, "survivors": 50, "killed_share": 0.95},
        ratios={"build_over_bare_duckdb": 1.25},
        hashes=hashes(tree),
    )


def test_a_proof_is_fresh_until_a_file_it_proved_changes(tree: Path) -> None:
    proof = proof_of(tree)
    (tree / "docs" / "a.md").write_text("b", encoding="utf-8")
    assert proof.changed(tree) == []
    assert "| fresh |" in page([proof], tree)
    (tree / "ingestion" / "a.py").write_text("b", encoding="utf-8")
    assert proof.changed(tree) == ["ingestion"]
    assert "| stale: ingestion |" in page([proof], tree)


def test_a_new_file_makes_a_proof_stale(tree: Path) -> None:
    proof = proof_of(tree)
    (tree / "ingestion" / "b.py").write_text("b", encoding="utf-8")
    subprocess.run(["git", "add", "."], cwd=tree, check=True)
    assert proof.changed(tree) == ["ingestion"]


def test_every_proof_has_a_row_with_its_figures(tree: Path) -> None:
    row = page([proof_of(tree)], tree).splitlines()[-1]
    assert "1,200 passed, 3 skipped" in row
    assert "95.0% of 1,000" in row


def test_the_proofs_in_the_docs_can_be_read() -> None:
    assert all(proof.tests["failed"] == 0 for proof in proofs())


def test_a_part_is_kept_while_its_files_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prove, "PARTS", tmp_path)
    now = {"ingestion": "a"}
    monkeypatch.setattr(prove, "hashes", lambda: now)
    measured = []

    def measure(path: Path) -> dict[str, int]:
        measured.append(path)
        return {"passed": len(measured)}

    for _ in range(2):
        assert prove._part("tests", "0" * 40, now, measure) == {"passed": 1}
    now = {"ingestion": "b"}
    assert prove._part("tests", "1" * 40, now, measure) == {"passed": 2}
    with pytest.raises(ProofError, match="changed while"):
        prove._part("tests", "2" * 40, {"ingestion": "c"}, measure)
    assert prove._part("tests", "2" * 40, now, measure) == {"passed": 2}, (
        "the dropped one is not kept"
    )
