"""House rules for the dbt models, read from the manifest and the files themselves."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingestion.catalog import CONNECTORS
from ingestion.entities import ENTITIES, HEAD, TAIL
from warehouse.home import MEMORY_LIMIT
from warehouse.plan import CASE_POLICY

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "dbt_project" / "models"
FILES = sorted(MODELS.rglob("*.sql"))
PREFIXES = {
    "staging": ("stg_",),
    "intermediate": ("int_",),
    "core": ("dim_", "fct_", "bridge_"),
    "marts": ("mart_",),
}
MAY_READ = {
    "staging": {"staging"},
    "intermediate": {"staging", "intermediate", "core"},
    "core": {"staging", "intermediate", "core"},
    "marts": {"staging", "intermediate", "core", "marts"},
}
VENDORS = tuple(CONNECTORS)
TEMPLATE = ("Grain", "Contains", "Excludes", "Money", "Time", "Not")
CONTRACT_TYPES = {"string", "bigint", "int", "date", "timestamp", "boolean"}
NOT_PORTABLE = {
    "qualify": r"\bqualify\b",
    "group by all": r"\bgroup\s+by\s+all\b",
    "order by all": r"\border\s+by\s+all\b",
    "pivot": r"\b(un)?pivot\b",
    "range between interval": r"\brange\s+between\s+interval\b",
    "recursive": r"\bwith\s+recursive\b",
    "generate_series": r"\bgenerate_series\b",
    "double colon cast": r"::",
    "varchar": r"\bvarchar\b",
    "double": r"\bdouble\b",
    "float": r"\bfloat\b",
    "exclude": r"\bexclude\b",
    "asof": r"\basof\b",
    "double-quoted name": r'"[a-z_]+"',
    "wall clock": r"\b(current_date|current_timestamp|now\(\)|today\(\)|getdate)",
}


def layer_of(node: dict[str, Any]) -> str:
    return str(Path(node["original_file_path"]).parts[1])


def sql_of(path: Path) -> str:
    """A model's text without its comments and Jinja."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"\{#.*?#\}", " ", text, flags=re.S)
    text = re.sub(r"--[^\n]*", " ", text)
    return re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " jinja ", text, flags=re.S).lower()


def published(models: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    found = [node for node in models.values() if layer_of(node) == "marts"]
    assert found
    return found


def test_a_models_prefix_is_its_layer(models: dict[str, dict[str, Any]]) -> None:
    wrong = [
        f"{node['original_file_path']}: starts with none of {PREFIXES[layer_of(node)]}"
        for node in models.values()
        if not node["name"].startswith(PREFIXES[layer_of(node)])
    ]
    assert not wrong, "\n".join(wrong)


def test_a_model_reads_only_its_own_layer_and_earlier_ones(
    models: dict[str, dict[str, Any]], manifest: dict[str, Any]
) -> None:
    wrong = []
    for node in models.values():
        for parent_id in node["depends_on"]["nodes"]:
            parent = manifest["nodes"].get(parent_id)
            if parent and layer_of(parent) not in MAY_READ[layer_of(node)]:
                wrong.append(f"{node['name']} reads {parent['name']}")
    assert not wrong, "\n".join(wrong)


def test_vendors_are_unknown_from_core_on() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} names {vendor}"
        for path in FILES
        if path.relative_to(MODELS).parts[0] in ("core", "marts")
        for vendor in VENDORS
        if vendor in sql_of(path)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_core_and_mart_model_has_an_enforced_contract(
    models: dict[str, dict[str, Any]],
) -> None:
    wrong = [
        node["name"]
        for node in models.values()
        if layer_of(node) in ("core", "marts") and not node["config"]["contract"]["enforced"]
    ]
    assert not wrong, wrong


def test_contracts_use_portable_types(models: dict[str, dict[str, Any]]) -> None:
    wrong = []
    for node in models.values():
        if not node["config"]["contract"]["enforced"]:
            continue
        for column in node["columns"].values():
            kind = str(column["data_type"]).replace(" ", "")
            if kind not in CONTRACT_TYPES and not re.fullmatch(r"decimal\(\d+,\d+\)", kind):
                wrong.append(f"{node['name']}.{column['name']}: {kind}")
    assert not wrong, "\n".join(wrong)


def test_every_mart_states_its_grain_and_a_test_proves_it(
    models: dict[str, dict[str, Any]], manifest: dict[str, Any]
) -> None:
    tested = defaultdict(list)
    for node in manifest["nodes"].values():
        if (
            node["resource_type"] == "test"
            and (node.get("test_metadata") or {}).get("name") == "grain"
        ):
            tested[node["attached_node"]].append(node["test_metadata"]["kwargs"])
    wrong = []
    for node in models.values():
        if layer_of(node) not in ("core", "marts"):
            continue
        grain = node["meta"].get("grain") or node["config"]["meta"].get("grain")
        if not grain:
            wrong.append(f"{node['name']}: no meta.grain")
        elif not tested[node["unique_id"]]:
            wrong.append(f"{node['name']}: no grain test")
        elif set(grain) - set(node["columns"]):
            wrong.append(f"{node['name']}: grain names unknown columns {grain}")
    assert not wrong, "\n".join(wrong)


def test_every_mart_is_described_by_the_template_and_every_column_too(
    models: dict[str, dict[str, Any]],
) -> None:
    wrong = []
    for node in published(models):
        missing = [word for word in TEMPLATE if f"*{word}*" not in node["description"]]
        if missing:
            wrong.append(f"{node['name']}: description lacks {missing}")
        wrong += [
            f"{node['name']}.{column['name']}: no description"
            for column in node["columns"].values()
            if not column["description"].strip()
        ]
    assert not wrong, "\n".join(wrong)


def test_a_published_table_says_which_columns_tell_its_rows_and_what_it_answers(
    models: dict[str, dict[str, Any]],
) -> None:
    wrong = []
    for node in models.values():
        meta = {**node["config"]["meta"], **node["meta"]}
        if not meta.get("publish"):
            continue
        grain = node["description"].partition("*Grain*:")[2].partition("*Contains*")[0]
        missing = [name for name in meta["grain"] if name not in grain]
        if missing:
            wrong.append(f"{node['name']}: its *Grain* does not name {missing}")
        if not (meta.get("question_en") and meta.get("question_zh")):
            wrong.append(f"{node['name']}: no meta.question_en, question_zh")
    assert not wrong, "\n".join(wrong)


def test_every_mart_has_a_glossary_a_question_and_a_capability(
    models: dict[str, dict[str, Any]],
) -> None:
    wrong = []
    for node in published(models):
        meta = {**node["config"]["meta"], **node["meta"]}
        for name in ("question_en", "question_zh", "capability", "access"):
            if not meta.get(name):
                wrong.append(f"{node['name']}: no meta.{name}")
        if set(meta.get("glossary") or {}) != {"en", "zh"}:
            wrong.append(f"{node['name']}: meta.glossary needs en and zh")
    assert not wrong, "\n".join(wrong)


def test_every_mart_has_a_unit_test_and_an_exposure(
    models: dict[str, dict[str, Any]], manifest: dict[str, Any]
) -> None:
    unit_tested = {test["model"] for test in manifest["unit_tests"].values()}
    exposed = {
        parent
        for exposure in manifest["exposures"].values()
        for parent in exposure["depends_on"]["nodes"]
    }
    marts = published(models)
    wrong = [f"{node['name']}: no unit test" for node in marts if node["name"] not in unit_tested]
    wrong += [f"{node['name']}: no exposure" for node in marts if node["unique_id"] not in exposed]
    assert not wrong, "\n".join(wrong)


def test_unit_tests_hold_at_most_twelve_rows_a_table(manifest: dict[str, Any]) -> None:
    assert manifest["unit_tests"]
    wrong = []
    for test in manifest["unit_tests"].values():
        for given in [*test["given"], test["expect"]]:
            rows = given["rows"]
            count = len(rows) if isinstance(rows, list) else str(rows).lower().count("select")
            if count > 12:
                wrong.append(f"{test['name']}: {count} rows in {given.get('input', 'expect')}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=lambda entity: entity.name)
def test_conformed_models_have_exactly_the_columns_of_their_entity(
    entity: Any, models: dict[str, dict[str, Any]]
) -> None:
    expected = [
        f"{entity.name}_key",
        *(field.name for field in (*HEAD, *entity.fields, *TAIL)),
    ]
    conformed = [
        node for name, node in models.items() if re.fullmatch(rf"int_{entity.plural}__\w+", name)
    ]
    assert any(node["name"].endswith("__unioned") for node in conformed)
    for node in conformed:
        assert list(node["columns"]) == expected, (
            f"declare {node['name']} in conformed/{entity.plural}.yml with `columns: *columns`"
        )
        if not node["name"].endswith("__unioned"):
            (unioned,) = (n for n in conformed if n["name"].endswith("__unioned"))
            assert node["unique_id"] in unioned["depends_on"]["nodes"], (
                f"add {node['name']} to {unioned['name']}, or its rows are lost"
            )
        assert node["config"]["contract"]["enforced"], node["name"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_models_stay_small(path: Path) -> None:
    text = sql_of(path)
    lines = path.read_text(encoding="utf-8").count("\n")
    joins = len(re.findall(r"\bjoin\b", text))
    ctes = len(re.findall(r"^\s*(?:with\s+)?[a-z_0-9]+ as \(", text, flags=re.M))
    assert lines <= 120, f"{lines} lines"
    assert joins <= 6, f"{joins} joins"
    assert ctes <= 8 + text.count("jinja"), f"{ctes} common table expressions"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_models_use_only_portable_sql(path: Path) -> None:
    text = sql_of(path)
    found = [name for name, pattern in NOT_PORTABLE.items() if re.search(pattern, text)]
    assert not found, f"{path.relative_to(ROOT)} uses {found}; not every engine reads it alike"


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if "commission" in str(path.relative_to(MODELS))],
    ids=lambda path: path.stem,
)
def test_commission_models_never_divide_or_average(path: Path) -> None:
    text = sql_of(path)
    assert not re.search(r"(?<!/)/(?![/*])|\bavg\s*\(", text), (
        f"{path.relative_to(ROOT)} divides or averages: use rd_ratio or ratio_rate"
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_amounts_are_widened_before_they_are_multiplied(path: Path) -> None:
    narrow = re.findall(
        r"\w*(?:amount|value)\b['\"]? *\* *\S+|\S+ *\* \(?(?:\w+\.)?\w*(?:amount|value)\b",
        path.read_text(encoding="utf-8"),
    )
    assert not narrow, (
        f"{path.relative_to(ROOT)} multiplies {narrow}: write {{{{ wide('...') }}}}, "
        "or the product of a large company's amount stops the build"
    )


def test_dbt_may_hold_as_much_memory_as_the_rest_of_a_build() -> None:
    profiles = yaml.safe_load((ROOT / "dbt_project" / "profiles.yml").read_text(encoding="utf-8"))
    settings = profiles["closebook"]["outputs"]["duckdb"]["settings"]
    assert settings["memory_limit"] == MEMORY_LIMIT


OF_CHANGED = re.compile(r"of_changed\(\s*ref\('(\w+)'\)")
NOT_OF_A_CASE = {
    "int_stage_names": "what policy calls a name on a day, whoever entered it",
    "stage_entry_verdict": "of an entry, by its context, which is by case, and by policy",
}
"""What models by case read of all cases, each with the reason why no other case decides it."""


def ancestors(manifest: dict[str, Any], unique_id: str) -> set[str]:
    """Every model and source above a node."""
    found: set[str] = set()
    waiting = [unique_id]
    while waiting:
        for parent in manifest["parent_map"].get(waiting.pop(), []):
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def test_models_by_case_read_changed_cases_and_what_policy_alone_decides(
    manifest: dict[str, Any], models: dict[str, dict[str, Any]]
) -> None:
    """Where not, a change would leave cases standing that it concerns (docs/decisions/0154)."""
    by_case = {name for name, node in models.items() if OF_CHANGED.search(node["raw_code"])}
    kept = {
        name
        for name, node in models.items()
        if node["config"]["materialized"] == "incremental" and layer_of(node) != "staging"
    }
    assert kept <= by_case
    assert {models[name]["config"]["materialized"] for name in by_case - kept} == {"view"}
    known = {models["int_case_records"]["unique_id"]}
    for rows in ("int_case_record_rows", "int_case_event_rows"):
        known |= set(manifest["parent_map"][models[rows]["unique_id"]])
    policy: set[str] = set()
    wrong = []
    for name in sorted(by_case):
        of_changed = set(OF_CHANGED.findall(models[name]["raw_code"]))
        for parent in manifest["parent_map"][models[name]["unique_id"]]:
            parent_name = parent.rpartition(".")[2]
            roots = {
                above
                for above in ancestors(manifest, parent) | {parent}
                if ".stg_" in above and ".stg_policy_" not in above
            }
            if parent_name in by_case | NOT_OF_A_CASE.keys() | {"int_changed_cases"}:
                continue
            if parent_name in of_changed and known & (ancestors(manifest, parent) | {parent}):
                continue
            if roots:
                wrong.append(f"{name} reads every row of {parent_name}")
            policy |= {
                above.rpartition("__")[2]
                for above in ancestors(manifest, parent) | {parent}
                if ".stg_policy__" in above
            }
    assert not wrong, "\n".join(wrong)
    assert policy | {"setting", "stage_entry_rule", "stage_map"} == set(CASE_POLICY)
