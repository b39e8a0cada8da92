"""House rules for the Python code: who imports whom, one clock, no grab-bags."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("ingestion", "expectations", "warehouse", "dashboards", "company", "dags")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MAY_IMPORT = {
    "ingestion": {"ingestion"},
    "expectations": {"expectations", "ingestion"},
    "warehouse": {"warehouse", "ingestion", "expectations"},
    "dags": {"dags", "warehouse", "ingestion", "expectations"},
    "dashboards": {"dashboards"},
    "company": {"company"},
}
ASKS_THE_WALL = re.compile(
    r"\b(datetime\.(now|today|utcnow)|date\.today|time\.time|time\.localtime)\s*\("
)
CLOCKS = {
    "ingestion/clock.py": "the wall clock itself",
    "dashboards/app.py": "ages are counted to the reader's present",
}


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_there_is_code_to_check() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in FILES} == set(PACKAGES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_packages_import_only_what_they_may(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    modules = imported(path)
    ours = {name.split(".")[0] for name in modules} & set(PACKAGES)
    assert ours <= MAY_IMPORT[package], f"{package} imports {ours - MAY_IMPORT[package]}"
    if package != "dags":
        assert "airflow" not in {name.split(".")[0] for name in modules}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_but_the_clock_asks_the_wall_for_the_time(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    if name not in CLOCKS:
        assert not ASKS_THE_WALL.search(path.read_text(encoding="utf-8")), "take a Clock instead"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_it_is_and_none_is_a_grab_bag(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{path.relative_to(ROOT)} has no docstring"
    assert path.stem not in {"utils", "util", "helpers", "misc", "common"}


def test_the_lock_names_no_host() -> None:
    assert "://" not in (ROOT / "requirements.lock").read_text(encoding="utf-8")


def test_both_languages_have_the_same_texts() -> None:
    keys = {}
    for language in ("en", "zh"):
        text = (ROOT / "dashboards" / "i18n" / f"{language}.yml").read_text(encoding="utf-8")
        keys[language] = {
            line.split(":")[0]: sorted(re.findall(r"\{(\w+)\}", line))
            for line in text.splitlines()
            if line
        }
        named = [line.split(":")[0] for line in text.splitlines() if line]
        assert len(named) == len(keys[language]), "one key, one text: the last of two would win"
    assert keys["en"] == keys["zh"]
