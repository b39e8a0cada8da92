"""What the benchmark of the large company says of its figures."""

from __future__ import annotations

from benchmarks.at_scale import KINDS, Figures, section
from benchmarks.report import LARGE
from benchmarks.staged import STEPS, Stage

BUILD = Stage(dict.fromkeys(STEPS, 10.0) | {"imports": 6.0, "dbt start": 8.0}, 80.0, 4000.0)
NEXT = Stage(
    dict.fromkeys(STEPS, 4.0) | {"publish": 9.0} | {"imports": 6.0, "dbt start": 8.0}, 40.0, 2000.0
)
MODELS = {f"model mart_{number}": float(number) for number in range(1, 10)}
BARE = Stage({"models": 33.0, "tests": 5.0, "close": 2.0} | MODELS, 45.0, 3000.0)


def test_the_section_has_the_ratios_beside_their_goals_and_the_slowest_models() -> None:
    rows = dict.fromkeys(KINDS, (1000000, 1000))
    lines = section(Figures("M", rows, 2000.0, 9000.0, BUILD, BARE, NEXT)).splitlines()
    assert lines[0] == LARGE
    assert "| opportunities | 1,000,000 | 1,000 |" in lines
    # Fifty of the sixty seconds are not publishing; DuckDB alone takes forty.
    (over,) = (line for line in lines if "a build without publishing" in line)
    assert over.endswith("| 1.25 | 1.30 |")
    assert "| all gates, share of the build | 0.50 | 0.15 |" in lines
    assert (
        "| one more day, share of the first build, both without publishing | 0.40 | 0.30 |" in lines
    )
    assert "| fixed start, s | 14 | 20 |" in lines
    assert "`mart_9` 9.0 s, `mart_8` 8.0 s" in lines[-1] and "mart_1`" not in lines[-1]
