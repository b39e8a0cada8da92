"""`closebook process`: the sales process as data, begun from a vendor's list and checked whole.

Like `warehouse.cli`, nothing heavy is imported before a command needs it.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from warehouse import invocation
from warehouse.words import counted

if TYPE_CHECKING:
    from ingestion.connections import Sources
    from warehouse.home import Home

FOLDER = click.argument("folder", type=click.Path(path_type=Path), required=False)


@click.group("process")
def process_group() -> None:
    """The sales process in the policy folder: its stages, what vendors call them, entry rules.

    FOLDER is the policy folder; without it the one that CLOSEBOOK_HOME/sources.yml names.

    \b
    Examples:
      closebook process init --source salesforce    a row for every stage that Salesforce knows
      closebook process check                       everything that is wrong with the process
    """


@process_group.command("init")
@FOLDER
@click.option("--source", required=True, help="Whose stages: salesforce, tryton, files.")
@click.option("--pipeline", help="The pipeline that they belong to (default: the only one).")
@click.option("--from", "since", type=click.DateTime(formats=["%Y-%m-%d"]),
              help="The first day of the new rows (default: see above).")  # fmt: skip
def init(folder: Path | None, source: str, pipeline: str | None, since: datetime | None) -> None:
    """Add a row to stage_map.csv for every stage of a source that has none.

    Names come from the vendor's own list (Salesforce: statuses of leads and stages of
    opportunities, inactive ones too; Tryton: states of opportunities) and from the last build:
    what it met in the data and could not place, with any source. Rows that are there stay as they
    are, and what is in the folder only: nothing lands.

    Where the name or the vendor's own won and lost says which stage it is, stage_id is filled in;
    elsewhere `?` stands, for you to decide: no policy with a `?` is accepted. Before the first
    landing rows begin with their stage; later today, or on the day on which the data met the name:
    as it had no stage, every build has stopped at it, and no past changes.

    \b
    Examples:
      closebook process init --source salesforce
      closebook process init policy --source tryton --pipeline default --from 2026-01-01
      closebook process init --source files    after a build that stopped at an unknown stage
    """
    from ingestion.connections import connections_of
    from warehouse.process import UNDECIDED
    from warehouse.stage_names import write_stage_map

    home = invocation.home()
    sources = _sources(home)
    report = write_stage_map(
        _folder(folder, home),
        source,
        home,
        invocation.clock(),
        sources,
        connections_of(sources),
        pipeline_id=pipeline,
        since=since.date() if since else None,
    )
    for line in report.asked:
        click.echo(line)
    for row in report.rows:
        click.secho(
            f"  {row['tenant']} {row['record_type']} {row['source_stage']} -> {row['stage_id']}, "
            f"from {row['valid_from'] or UNDECIDED}",
            fg="yellow" if row["stage_id"] == UNDECIDED else None,
        )
    click.echo(
        f"{report.path}: {counted(len(report.rows), 'row')} added, "
        f"{counted(report.were_there, 'name')} had one"
    )
    if report.undecided:
        click.echo(
            f"{report.undecided} of them nobody could tell: write a stage of process_stage.csv for "
            f"each `{UNDECIDED}`, then `closebook process check`"
        )


@process_group.command("check")
@FOLDER
def check(folder: Path | None) -> None:
    """Name everything that is wrong with the process, at once: file, line, field, value, fix.

    What landing refuses, it refuses: values, references, predicates that do not parse or that name
    unknown columns, overlapping days, a changed past, names without a stage. And what would land
    and surprise later: names of the last build that would have no stage, days on which a stage has
    no row, rows beside the days of their stage, a pipeline in which nothing can be open or won.
    Ends with 1 when there is anything.
    """
    from warehouse.policy import check_process

    home = invocation.home_to_compare()
    files = check_process(_folder(folder, home), home, invocation.clock())
    counts = ", ".join(f"{len(file.rows)} in {file.name}" for file in files if file.rows)
    click.echo(f"rows: {counts}; no fault{invocation.without_past(home)}")


def _sources(home: Home) -> Sources:
    """What sources.yml says; nothing where there is none."""
    from ingestion.connections import Sources, configured_sources

    has_sources = (home.root / "sources.yml").is_file()
    return configured_sources(home.root) if has_sources else Sources((), ())


def _folder(given: Path | None, home: Home) -> Path:
    """The policy folder. Raises ConfigurationError when nothing says which."""
    from ingestion.errors import ConfigurationError

    configured = _sources(home).policy if given is None else given
    if configured is None:
        raise ConfigurationError(
            f"nothing names the policy folder: write `policy: policy_files` into "
            f"{home.root / 'sources.yml'}, where policy_files is the folder in {home.root}, or "
            "name the folder in the command"
        )
    return configured
