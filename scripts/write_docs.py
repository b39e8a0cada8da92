"""Writes the generated pages of ``docs/`` from the dbt project and the canonical entities.

``python -m scripts.write_docs`` writes `find-a-number.md` (question -> mart -> column ->
capability), `glossary.md` (every published column, in English and Chinese where business users
read it), `capabilities.md` (capability -> mart -> its tests), `mapping.md` (how to bring files in)
and `coverage.md` (which source brings which entity, and what it leaves empty). A convention test
fails when the committed pages differ from what this prints.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from ingestion.catalog import CONNECTORS
from ingestion.entities import ENTITIES
from warehouse.dbt_runner import parsed_project

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def parse(target: Path) -> dict[str, Any]:
    """dbt's manifest of the project as it stands, by way of `target`. Raises WarehouseError."""
    path = target / "manifest.json"
    parsed_project(target, anew=True).write(str(path))
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def marts(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """The marts, by family and name, with `meta` merged from both places dbt keeps it."""
    found = []
    for node in manifest["nodes"].values():
        parts = Path(node["original_file_path"]).parts
        if node["resource_type"] == "model" and parts[1] in ("marts", "core"):
            meta = {**node["config"]["meta"], **node["meta"]}
            if meta.get("publish"):
                found.append(
                    {**node, "meta": meta, "family": parts[2] if len(parts) > 3 else "core"}
                )
    return sorted(found, key=lambda node: (node["family"] == "core", node["family"], node["name"]))


def gates(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """What is published of the gates' own tables, with `meta`."""
    return [
        {**source, "meta": source["config"]["meta"]}
        for source in manifest["sources"].values()
        if source["config"]["meta"].get("publish")
    ]


def headline_columns(node: dict[str, Any]) -> list[str]:
    """The columns that answer the mart's question: its numbers, not its keys."""
    grain = set(node["meta"].get("grain") or ())
    return [
        name
        for name in node["columns"]
        if name not in grain and name.endswith(("_rate", "_amount", "_count", "state"))
    ][:6]


def find_a_number(manifest: dict[str, Any]) -> str:
    """Question -> mart -> columns -> capability ids, as a Markdown page."""
    lines = [
        "# Find a number",
        "",
        "From a question to the table and the column that answer it. Generated from the models'",
        "own descriptions by `scripts/write_docs.py`; definitions are in [The marts](marts.md).",
        "`open` tables are for everybody, `restricted` ones hold pay.",
        "",
        "| question | 问题 | table | columns | one row is | access | capability |",
        "|---|---|---|---|---|---|---|",
    ]
    for node in [*marts(manifest), *gates(manifest)]:
        meta = node["meta"]
        ids = ", ".join(_ids(node))
        lines.append(
            f"| {meta['question_en']} | {meta['question_zh']} | `{node['name']}` "
            f"| {', '.join(f'`{name}`' for name in headline_columns(node))} "
            f"| {' x '.join(meta['grain'])} | {meta['access']} | {ids} |"
        )
    return "\n".join(lines) + "\n"


CAPABILITIES = {
    "P-05": "The process below its stages: milestones, the steps to them, and how far they are met",
    "P-06": "Entry rules of each stage: verdicts, violation rate, value at fault",
    "F-01": "Conversion between stages: by entry cohort, snapshot, transitions",
    "F-02": "Conversion of each stage by owner and region",
    "F-03": "Win rate by close period and by created cohort, by count and by value",
    "F-04": "Cycle time, and the stages that it is made of",
    "F-05": "Average deal, of new and of repeat business",
    "F-06": "Sales by region, product line and rep",
    "F-08": "Leads per day",
    "F-12": "Quarters, reps and stages compared on clocks that start alike",
    "P-03": "The traffic light of accounts, and whether it is kept up to date",
    "P-04": "What holds up red accounts",
    "P-07": "Which leads are qualified, and what becomes of them",
    "P-09": "How long a stage takes when it goes well, estimated monthly",
    "P-10": "Stale deals",
    "P-12": "The type of a pipeline: prospecting, opportunity or growth, never added up",
    "P-13": "What may be compared: months of one version of the process, with breaks in a series",
    "P-14": "Bottlenecks by lost value and excess days",
    "P-15": "The next step of each open deal, who takes it and when it is due",
    "P-17": "Follow-ups that are due",
    "W-04": "Why deals are lost",
    "V-01": "The open pipeline of any past day, its movements and its weighted value",
    "T-01": "Targets split from the year to the day",
    "T-02": "Deals, prospects and daily contacts that a target needs",
    "T-06": "SMART checks of targets",
    "T-11": "Attainment",
    "T-12": "Pace",
    "G-01": "Attainment and gap by region",
    "G-02": "Concentration on regions",
    "C-08": "Retention triangle",
    "N-01": "From the deal to the invoice to the cash",
    "I-01": "Commission plans, statements and the comparison with payroll",
    "U-01": "Tickets and how customers rate them",
    "D-01": "Incremental loading, with a log and a report of drift",
    "D-02": "Quality gates before anything is published",
    "D-05": "The cockpit's headline numbers",
    "D-14": "Versions of the sales process, and what changed from one to the next",
    "D-09": "How old each number is",
}
"""What Closebook promises, by the ids that marts name as `meta.capability`, in the docs' order."""


def capabilities(manifest: dict[str, Any]) -> str:
    """Capability -> marts -> what tests each, as a Markdown page."""
    key = (ROOT / "company" / "answer_key" / "__init__.py").read_text(encoding="utf-8")
    keyed = set(re.findall(r'^ +"(\w+)":', key, re.M))
    lines = [
        "# Capabilities",
        "",
        "What Closebook can tell, the tables that tell it, and what tests each of them. Generated",
        "by `scripts/write_docs.py`. *Answer key*: every number of the table is compared with an",
        "independent calculation, to the cent; else the table is about loads or gates.",
    ]
    for capability, meaning in CAPABILITIES.items():
        tables = [node for node in marts(manifest) if capability in _ids(node)]
        lines += ["", f"## {capability}: {meaning}", ""]
        if not tables:
            lines.append("No table yet.")
            continue
        lines += ["| table | unit tests | identities | answer key |", "|---|---|---|---|"]
        for node in tables:
            units = [
                test["name"]
                for test in manifest["unit_tests"].values()
                if test["model"] == node["name"]
            ]
            identities = [
                test["name"]
                for test in manifest["nodes"].values()
                if test["resource_type"] == "test"
                and test["name"].startswith("assert_")
                and node["unique_id"] in test["depends_on"]["nodes"]
            ]
            cells = (_words(units), _words(identities), "yes" if node["name"] in keyed else "")
            lines.append(f"| `{node['name']}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _ids(node: dict[str, Any]) -> list[str]:
    """The capabilities that a mart names."""
    named = node["meta"].get("capability") or []
    return [named] if isinstance(named, str) else list(named)


def _words(names: list[str]) -> str:
    """Names of tests as sentences."""
    sentences = (name.removeprefix("assert_").replace("_", " ") for name in names)
    return "; ".join(sorted(sentences))


def glossary(manifest: dict[str, Any]) -> str:
    """Every published table and column, as a Markdown page."""
    lines = [
        "# Glossary",
        "",
        "Every published table and column. Generated by `scripts/write_docs.py`.",
    ]
    for node in [*marts(manifest), *gates(manifest)]:
        terms = node["meta"].get("glossary") or {}
        lines += ["", f"## {node['name']}", ""]
        lines += [f"**{term}**  " for term in (terms.get("en"), terms.get("zh")) if term]
        lines += [" ".join(str(node["description"]).split()), "", "| column | type | meaning |"]
        lines.append("|---|---|---|")
        for column in node["columns"].values():
            if column["config"]["meta"].get("publish") is False:
                continue
            meaning = " ".join(column["description"].split())
            lines.append(f"| `{column['name']}` | {column['data_type']} | {meaning} |")
    return "\n".join(lines) + "\n"


MAPPING = """# Your own files

How to bring in CSV, Excel (`.xlsx`), JSON lines (`.jsonl`) and Parquet files: a mapping says which file feeds which canonical entity, column by column. Generated by `scripts/write_docs.py`.

`closebook template opportunity <folder> --tenant aurora` writes a workbook of typed columns with two example rows to write over, and the mapping that reads it; examples left as they are do not land. [Bad files](bad-files.md) lists what each kind of fault gets.
[Three files](../examples/three_files/README.md), an event log, invoices and tickets, is a whole example to begin from: files, mapping and policy.

1. Begin a home, unless there is one: a folder with a policy and a `sources.yml`, which names the folder of files and the policy. Every command below finds both there.

   ```sh
   export CLOSEBOOK_HOME=$PWD/var
   mkdir -p var/deals && cp -r examples/three_files/policy_files var/
   cat > var/sources.yml <<'END'
   files:
     - {folder: deals, mapping: mapping.yml}
   policy: policy_files
   END
   ```

   Relative folders count from the home, a relative mapping from its folder. In `tenant.csv`, `process_stage.csv` and `stage_map.csv` of the policy write your tenant, your stages and what the files call them, before the first landing;
   `closebook process check` and `closebook policy check var/policy_files` name what is wrong. Where policy has landed already, a new tenant is a row in its `tenant.csv`, then `closebook policy land <policy folder>`; an intake for a tenant that landed policy does not know is refused.
2. Put the files into the folder, and the mapping beside them as `mapping.yml` (or anywhere: `--mapping FILE`).
3. `closebook intake <folder>`. Per file it says what was taken, what was removed, which columns nothing uses. Rows that cannot be read stand in
   `<file>.errors.csv` beside the file with row, field, value, why and fix; the others land, and the exit code is 1. Correct the file and take it in again.
   `row` is the sheet's own row in a workbook; in every other file rows are counted from 1 after the header, and in CSV empty lines are not counted.
4. [What follows](#what-follows-an-intake): `closebook run`, and the stages that it did not know.

Blank rows and rows of totals are left out and counted; merged cells of a sheet are read as their first one.

A file delivered again under its name replaces its own rows and no others: rows that it no longer holds are removed. A file that is missing from the folder changes nothing.
**A correction must have the name of the file that it corrects.** Where two files of one pattern in the folder give one id different values, the row of the one that is read later is refused, with both files and both values in its
`.errors.csv`; the row that landed stays. Overwrite the older file, or take it away: the newer one's row then lands. Only entities that are read with `keep` are not compared, as every file of a log holds a part of it: there the file that is read last wins, so put all events of one case into one file.

The folder may be in an object store, here and in `sources.yml`: `s3://bucket/folder` (anything that speaks S3), `gs://` or `abfs://`. Key and endpoint come from the environment
(`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_ENDPOINT_URL` for a store of your own); the error files are written beside the input, so the key must be allowed to write there.

## A complete example

`deals.csv`:

```csv
deal;owner;state;opened;won;value
D1;E07;Signed;03.06.2026 09:30;28.06.2026 16:00;12.500,00
D2;E07;Talking;10.06.2026 11:00;;8.000,00
D3;E09;test;11.06.2026 10:00;;1,00
```

`mapping.yml`:

```yaml
tenant: aurora
timezone: Asia/Shanghai
files:
  - file: "deals*.csv"
    delimiter: ";"
    encoding: utf-8
    decimal: ","
    date_format: "%d.%m.%Y"
    time_format: "%d.%m.%Y %H:%M"
    entities:
      - entity: opportunity
        source_id: deal
        where: state != test
        columns:
          pipeline_id: {constant: shop}
          stage_name: {column: state, values: {Talking: Negotiation, Signed: Won}}
          owner_source_id: owner
          amount: value
          currency_code: {constant: CNY}
          created_at: opened
          closed_at: won
          close_date: {column: won, format: "%d.%m.%Y %H:%M"}
          is_closed: {present: won}
          is_won: {present: won}
      - entity: stage_event
        source_id: {columns: [deal], suffix: ":opened"}
        where: state != test
        columns:
          record_type: {constant: opportunity}
          record_source_id: deal
          stage_name: {constant: Negotiation}
          entered_at: opened
          amount: value
          currency_code: {constant: CNY}
      - entity: stage_event
        source_id: {columns: [deal], suffix: ":won"}
        where: [won is present, state != test]
        columns:
          record_type: {constant: opportunity}
          record_source_id: deal
          stage_name: {constant: Won}
          entered_at: won
          amount: value
          currency_code: {constant: CNY}
```

[examples/olist](../examples/olist/README.md) maps a real public funnel of two files, with its policy.

## One file, several entities

Order lines become invoices, each worth the sum of its lines, and invoice lines; a list of subscription periods becomes contracts and periods.

`orders.csv`:

```csv
order,line,customer,day,product,pieces,total
O1,1,K7,2026-06-03,CTRL-100,2,120.00
O1,2,K7,2026-06-03,SVC-INST,1,30.00
O2,1,K9,2026-06-05,CTRL-100,1,60.00
```

`subscriptions.csv`:

```csv
subscription,customer,from,until,product,price
S1,K7,2026-05-01,2026-06-01,SVC-CARE,50.00
S1,K7,2026-06-01,2026-07-01,SVC-CARE,55.00
```

`mapping.yml`:

```yaml
tenant: aurora
timezone: Asia/Shanghai
files:
  - file: orders.csv
    entities:
      - entity: invoice
        source_id: order
        keep: {first: day}
        columns:
          account_source_id: customer
          status: {constant: open}
          issued_at: day
          currency_code: {constant: CNY}
      - entity: invoice_line
        source_id: {columns: [order, line]}
        columns:
          invoice_source_id: order
          product_source_id: product
          quantity: pieces
          net_amount: total
          currency_code: {constant: CNY}
  - file: subscriptions.csv
    entities:
      - entity: contract
        source_id: subscription
        keep: {first: from}
        columns:
          account_source_id: customer
          status: {constant: active}
          starts_at: from
      - entity: subscription_period
        source_id: {columns: [subscription, from]}
        columns:
          contract_source_id: subscription
          product_source_id: product
          amount: price
          currency_code: {constant: CNY}
          period_start_at: from
          period_end_at: until
```

## Keys of mapping.yml

| key | what it says | without it |
|---|---|---|
| `tenant` | whose rows these are; letters, digits, `_` `.` `-`; must stand in policy's `tenant.csv` | required |
| `timezone` | zone of times that have no offset, e.g. `Asia/Shanghai`; a time that the clocks skip there is refused | `UTC` |
| `files` | a list, one entry per file or pattern; where two give one field of a row a value, the later entry wins | required |

Of one entry of `files`:

| key | what it says | without it |
|---|---|---|
| `file` | a name or a pattern (`payroll-*.csv`), relative to the folder; a file may match one entry only | required |
| `delimiter` | one character: `";"`, `"\\t"`, `"\\|"` | `","` |
| `encoding` | e.g. `gb18030`, `cp1252`, `utf-16` | `utf-8`, with or without a byte order mark |
| `decimal` | `","` or `"."`; the other one may group thousands | `"."` |
| `date_format` | [strptime](https://duckdb.org/docs/stable/sql/functions/dateformat) format of fields of type date, or a list; ISO 8601 can always be read, and what two formats read differently is refused | ISO 8601: `2026-06-30` |
| `time_format` | the same of fields of type timestamp, also where the file holds only days; with `%z` the offset counts, not `timezone` | ISO 8601; a date alone is its first instant |
| `sheet` | the sheet of a workbook | its first one |
| `header_row` | the row that names the columns; what stands above it is not read | `1` |
| `entities` | a list: what a row of the file becomes, one entry an entity (one entity may have several) | required |

Of one entry of `entities`:

| key | what it says | without it |
|---|---|---|
| `entity` | one of the [entities](#entities) | required |
| `source_id` | what identifies the row, the same in every delivery: a column; `{columns: [a, b], suffix: ":x"}` joins columns with `:` and appends the suffix; `{generated: true}` makes an id of the whole row. Rows of one id, of any file, are one row | required |
| `where` | only rows where it holds, or a list that must all hold: `column is present`, `column is absent`, `column = value`, `column != value` | every row |
| `keep` | of several rows of one id the `{first: column}` or `{last: column}` by the time in that column, as an event log needs it: one entry with the first row for `created_at`, a later one with the last for `stage_name` | rows of one id and other values are refused |
| `columns` | field: where its value comes from; every required field of the entity must come from some file | required |

Values of `columns`. Besides the entity's own fields, `effective_at` may be given: when the row became what it is (default: the most telling time of the row).

| value | the field becomes |
|---|---|
| `column` or `{column: name}` | what stands in that column, trimmed; empty is null |
| `{column: name, format: "%d/%m/%y"}` | a date or time read by a format of its own |
| `{column: name, values: {old: new, "-": null}}` | the same with some values replaced; others stay |
| `{constant: text}` | the same in every row; dates and times in ISO 8601 |
| `{present: name}` | true where the column has a value, else false |

## What follows an intake

1. `closebook run` takes in what is new in the folders of `sources.yml`, lands the policy, builds, checks, publishes. [Find a number](find-a-number.md) leads to the tables.
   A folder that `sources.yml` does not name is read by `closebook intake` alone.
2. Stages: every `stage_name` of an opportunity or stage event needs a row in policy's `stage_map.csv` (`source_system` is `files`, then tenant, `pipeline_id`, `record_type`, the name, and a
   `stage_id`), and that `stage_id` one in `process_stage.csv`. Otherwise the stage-entry gate stops the build and names the stage. Then `closebook process init --source files` adds the rows for you to complete, `closebook process check`
   names what is wrong, and `closebook run` goes on. The rows begin on the day on which the files met the stage; that changes the past, so the check prints the `closebook decide` command that allows it.
3. Payroll: its `pay_code` needs a row in `pay_code.csv`. `closebook policy check <policy folder>` names what is wrong with any policy file.

## Entities

References (`*_source_id`) are ids of rows of the same tenant that files brought as well. Times land in UTC. Amounts are in major units, beside their currency.
"""  # noqa: E501  rows of a table cannot be wrapped
"""The hand-written part of `mapping.md`; what it shows is taken in by a test."""


def mapping(_: dict[str, Any]) -> str:
    """How to map files, and the fields of every entity, as a Markdown page."""
    lines = [MAPPING.rstrip("\n")]
    for entity in ENTITIES.values():
        lines += ["", f"### {entity.name}", "", "| field | type | required | meaning |"]
        lines.append("|---|---|---|---|")
        lines += [
            f"| `{field.name}` | {field.type} | {'yes' if field.required else ''} "
            f"| {field.description} |"
            for field in entity.fields
        ]
    return "\n".join(lines) + "\n"


_ONLY_FILES = "comes with the mart that reads it; only files would bring it"

NOT_YET = {
    "team, region": "columns of `rep`; their history is the table `rep_assignment` of policy",
    "target": "the tables `target`, `target_season` and `quota` of policy",
    "FX rate": "the table `fx_rate` of policy",
    "business calendar": "the table `working_day` of policy",
    "forecast submission": "comes with the mart that reads it; Salesforce would bring it",
    **dict.fromkeys(
        (
            "milestone",
            "requirement",
            "call",
            "competitor mention",
            "referral",
            "instalment",
            "SLA policy",
            "market event",
        ),
        _ONLY_FILES,
    ),
}
"""Entities that the warehouse is designed for and does not have yet, each with the reason."""

_NULL_COLUMN = re.compile(r"cast\(null as [a-z]+(?:\([0-9, ]+\))?\)\s+as\s+(\w+)")


def coverage(manifest: dict[str, Any]) -> str:
    """Which source brings which entity, out of what, and what it leaves empty, as a page."""
    models = {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    sources = [*CONNECTORS, "files"]
    lines = [
        "# Coverage",
        "",
        "Which source brings which canonical entity, and out of which of its resources. Generated "
        "from the models by `scripts/write_docs.py`.",
        "[Your own files](mapping.md) lists the columns of every entity: a file can bring any.",
        "",
        f"| entity | {' | '.join(sources)} |",
        f"|---|{'---|' * len(sources)}",
    ]
    empty, of_files_alone = [], []
    for entity in ENTITIES.values():
        cells = []
        for source in sources:
            model = models.get(f"int_{entity.plural}__{source}")
            cells.append(", ".join(_resources(model, models, source)) if model else "")
            columns = _never_filled(model["raw_code"]) if model else []
            if columns:
                names = ", ".join(f"`{column}`" for column in columns)
                empty.append(f"| {entity.name} | {source} | {names} |")
        lines.append(f"| {entity.name} | {' | '.join(cells)} |")
        if not any(cells[:-1]):
            readers = ", ".join(_published_from(f"int_{entity.plural}__unioned", manifest))
            of_files_alone.append(f"| {entity.name} | a file of your own | {readers} |")
    lines += [
        "",
        "## What stays empty",
        "",
        "Columns that a source never fills: it has no such thing, or says it nowhere.",
        "",
        "| entity | source | columns |",
        "|---|---|---|",
        *empty,
        "",
        "## Needs a source that few have",
        "",
        "What no connector brings, and the marts that are empty or say less until a source does.",
        "",
        "| entity | needs | read by |",
        "|---|---|---|",
        *of_files_alone,
        "",
        "## Not there yet",
        "",
        "| entity | why |",
        "|---|---|",
        *(f"| {name} | {why} |" for name, why in NOT_YET.items()),
    ]
    return "\n".join(lines) + "\n"


def _never_filled(sql: str) -> list[str]:
    """The columns that a mapper casts from null, in every branch when it unites several."""
    found = []
    last = sql[sql.rindex("final as (") :] if "final as (" in sql else sql
    for part in (last, sql):
        branches = part.count("union all") + 1
        columns = _NULL_COLUMN.findall(part)
        found += [column for column in columns if columns.count(column) == branches]
    return list(dict.fromkeys(found))


def _published_from(name: str, manifest: dict[str, Any]) -> list[str]:
    """The published marts that a model flows into, through whatever stands between."""
    published = {node["name"]: node["unique_id"] for node in marts(manifest)}
    readers: dict[str, list[str]] = {}
    for node in manifest["nodes"].values():
        for parent in node["depends_on"]["nodes"] if node["resource_type"] == "model" else ():
            readers.setdefault(parent, []).append(node["unique_id"])
    found: set[str] = set()
    waiting = [f"model.closebook.{name}"]
    while waiting:
        new = set(readers.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return [f"`{mart}`" for mart, key in sorted(published.items()) if key in found]


def _resources(model: dict[str, Any], models: dict[str, dict[str, Any]], source: str) -> list[str]:
    """The resources of `source` that a model is made of, through whatever stands between."""
    found, waiting = set(), [model]
    while waiting:
        for parent in waiting.pop()["depends_on"]["nodes"]:
            name = parent.split(".")[-1]
            if name.startswith(f"stg_{source}__"):
                found.add(name.removeprefix(f"stg_{source}__"))
            elif name in models and name.startswith("int_"):
                waiting.append(models[name])
    return sorted(found)


PAGES = {
    "capabilities.md": capabilities,
    "coverage.md": coverage,
    "find-a-number.md": find_a_number,
    "glossary.md": glossary,
    "mapping.md": mapping,
}


def main() -> None:
    """Writes every page."""
    with tempfile.TemporaryDirectory() as target:
        manifest = parse(Path(target))
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(manifest), encoding="utf-8")
        sys.stdout.write(f"docs/{name}\n")


if __name__ == "__main__":
    main()
