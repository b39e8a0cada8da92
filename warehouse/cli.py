"""`closebook`: everything an operator does, from one command.

Nothing heavy is imported before a command needs it, so that help answers at once.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from warehouse import upkeep
from warehouse.invocation import clock as _clock
from warehouse.invocation import existing_home, home_to_compare, without_past
from warehouse.invocation import home as _home
from warehouse.process_commands import process_group
from warehouse.words import counted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from ingestion.clock import Clock
    from warehouse.home import Home

GATES = {"raw": "raw_gate", "stage_entry": "stage_entry_gate", "marts": "mart_gate"}
EXIT_ERROR, EXIT_GATE = 1, 2
WIDTH = 160
"""Columns of a table that goes into a file or another program."""


class _GateName(click.Choice[str]):
    """The name of a gate, with a hyphen as well."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return str(super().convert(value.replace("-", "_"), param, ctx))


GATE = _GateName(list(GATES))
DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")
def cli() -> None:
    """From a lead's first touch to the last cent of commission, on one trusted set of marts.

    \b
    Every day     closebook run                  bring everything in, build, check, publish
                  closebook status               what is published, how old, what failed
    When red      closebook gate                 which check failed, on what, and why
                  closebook schema               which columns a source added, emptied, retyped
                  closebook versions rollback    point readers back at an earlier version
    Feeding it    closebook source               add, disable, enable, remove, list vendors
                  closebook intake FOLDER        land a folder of files
                  closebook template ENTITY      a workbook to fill in, and its mapping
                  closebook process              a vendor's stages as policy; check the process
                  closebook policy land FOLDER   land the company's dated rules
                  closebook decide KIND          record what somebody decided, and why
                  closebook decisions            what was decided so far
    Keeping it    closebook maintain             verify, retention, leftovers, backup
                  closebook restore BACKUP       bring a backup into an empty home
    The past      closebook replay SOURCE        type kept raw pages anew
                  closebook backfill SOURCE      read a range of days again
                  closebook erase SOURCE/.. KEY  forget a person who asks for it
    Trouble       closebook doctor               what on this machine would stop a run

    State lives under CLOSEBOOK_HOME (default ./var); the file `environment` in it gives every
    CLOSEBOOK_ variable that is not set. Exit codes: 0 done, 1 something stood in the way, 2 a gate
    refused the data. What is published never changes on 1 or 2.
    """
    from warehouse.home import Home, read_environment_file

    for name, value in read_environment_file(Home.from_environment().environment_file).items():
        if name.startswith("CLOSEBOOK_"):
            os.environ.setdefault(name, value)


@cli.command()
@click.option("--no-ingest", is_flag=True, help="Build from what has landed already.")
@click.option("--as-of", type=DAY, help="Build as of this day (default: the latest load's).")
def run(no_ingest: bool, as_of: datetime | None) -> None:
    """Bring every configured source in, then build, check and publish.

    What to read stands in CLOSEBOOK_HOME/sources.yml. A source that cannot be read is reported and
    does not hold up the others. A build is skipped when nothing has landed since the last one.

    \b
    Examples:
      closebook run                                  the daily run
      closebook run --no-ingest                      build again after a repair
      closebook run --no-ingest --as-of 2026-06-30   what was known at the end of that day
    """
    from warehouse.build import build
    from warehouse.coverage import empty_marts

    home, clock = _home(), _clock()
    failures = [] if no_ingest else _ingest(home, clock)
    # Before the build, and after it: a gate that refuses must not be all that is heard.
    _report(failures)
    result = build(home, clock, as_of.date() if as_of else None, click.echo)
    click.echo(result.message)
    if result.outcome != "skipped":
        for mart in empty_marts(home):
            click.secho(str(mart), fg="yellow")
    _report(failures)
    if failures:
        raise click.exceptions.Exit(EXIT_ERROR)


def _report(failures: list[str]) -> None:
    for failure in failures:
        click.secho(f"not read whole: {failure}", fg="red", err=True)


def _ingest(home: Home, clock: Clock) -> list[str]:
    """Policy, files and vendors, in that order; returns one line per source not read whole."""
    from ingestion.connections import configured_sources, connections_of
    from ingestion.errors import IngestionError
    from ingestion.extract import ingest_all
    from ingestion.host_limit import HostLimit
    from ingestion.http import HttpSettings
    from ingestion.landing import Landing
    from warehouse.files import take_in_folder
    from warehouse.policy import land_policy

    sources = configured_sources(home.root)
    for off in sources.disabled:
        click.echo(f"{off.source}/{off.tenant}: disabled, not read (`closebook source enable`)")
    landing = Landing(home.landing)
    failures: list[str] = []
    if sources.policy is not None:
        policy = land_policy(sources.policy, Landing(home.policy), Landing(home.decisions), clock)
        click.echo(f"policy: {len(policy.landed)} landed, {len(policy.unchanged)} unchanged")
    for entry in sources.files:
        try:
            report = take_in_folder(entry.folder, home, clock, mapping_name=entry.mapping)
            click.echo(f"{entry.folder}: {report}")
            if report.refused:
                failures.append(f"{entry.folder}: {report.to_correct()}")
        except IngestionError as error:
            failures.append(f"{entry.folder}: {error}")
    try:
        ingest_all(
            sources,
            landing,
            clock,
            connections_of(sources),
            click.echo,
            HttpSettings(limit=HostLimit(home.hosts)),
        )
    except IngestionError as error:
        failures.append(str(error))
    return failures


@cli.command()
def status() -> None:
    """One screen: what is published, whether it passed, how fresh each source is, what to do.

    Sources are judged at this instant, by policy's service levels; what is published was judged at
    the end of its as-of day.
    """
    from ingestion.clock import FixedClock
    from ingestion.connections import configured_sources
    from ingestion.landing import Landing
    from warehouse.late import source_states
    from warehouse.lock import last_builder
    from warehouse.publish import current_version, last_attempt

    home, clock = existing_home(), _clock()
    console = _console()
    if isinstance(clock, FixedClock):
        console.print(
            f"The clock is pinned by CLOSEBOOK_NOW to {clock.now():%Y-%m-%d %H:%M} UTC: every age "
            "counts to then, not to today."
        )
    now = current_version(home)
    attempt = last_attempt(home)
    if attempt is not None:
        where = (
            f"at the {attempt['failed_gate']} gate" if attempt["failed_gate"] else "with an error"
        )
        console.print(
            f"[red]The last build (as of {attempt['as_of_date']}, "
            f"{_age(clock, attempt['attempted_at'])} ago) stopped {where}:[/red]"
        )
        console.print(attempt["message"], markup=False)
    builder = last_builder(home)
    if builder is not None:
        console.print(f"Process {builder} is building.")
    if now is None:
        console.print(
            "Nothing is published yet."
            if builder
            else "Nothing is published yet; run [bold]closebook run[/bold]."
        )
    else:
        console.print(
            f"[bold]{now.version}[/bold]  as of {now.as_of_date}, published "
            f"{_age(clock, now.published_at)} ago, {len(now.tables)} tables, "
            f"{counted(now.quarantine_count, 'row')} in quarantine"
        )
        gates = _table(f"gate of {now.version}", "passed", "checks", "failed", "warned")
        for gate in now.gates:
            gates.add_row(
                gate["gate"], _mark(gate["passed"]),
                *(str(gate[name]) for name in ("checks", "failed", "warned")),
            )  # fmt: skip
        console.print(gates)
    states = source_states(home, clock)
    sources = _table("source", "tenant", "last load (UTC)", "age", "event age", "state", "rows")
    rows = Counter[tuple[str, str]]()
    for load in Landing(home.landing).accepted():
        rows[load.source, load.tenant] += load.rows
    for state in states:
        sources.add_row(
            state.source, state.tenant, _when(state.last_loaded_at),
            *(_age(clock, at.isoformat()) if at else "" for at in (
                state.last_loaded_at, state.newest_event_at,
            )),
            _state(state.verdict), str(rows[state.source, state.tenant]),
        )  # fmt: skip
    console.print(sources if states else "Nothing has landed yet.")
    # What is to do of a source is often the same for each tenant: it is said once.
    for to_do, wrong in groupby(
        (lines for state in states if (lines := state.advice())), key=lambda lines: lines[-1]
    ):
        for line in chain.from_iterable(lines[:-1] for lines in wrong):
            console.print(line, markup=False)
        console.print(to_do, markup=False)
    if (home.root / "sources.yml").is_file():
        for off in configured_sources(home.root).disabled:
            console.print(f"{off.source}/{off.tenant}: disabled, not read", markup=False)
    refused = Landing(home.landing).rejections()
    if refused:
        last_refused = max(refused)
        console.print(
            f"{len(refused)} load(s) refused by the raw gate, last #{last_refused}: "
            f"{refused[last_refused].get('reason', '')}",
            markup=False,
        )


@cli.command()
@click.argument("name", metavar="[SOURCE[.RESOURCE]]", required=False)
@click.option("--load", "load_number", type=int, help="The columns of this load instead.")
def schema(name: str | None, load_number: int | None) -> None:
    """How the columns of each resource changed, and what sources send that is not declared.

    Every version of the declared columns with its first load; columns that nobody declared, ones of
    which every value is gone, and fields of which rows were refused, each with since when.

    \b
    Examples:
      closebook schema                  everything that changed or drifted
      closebook schema stripe.invoice   its versions, columns and drift
      closebook schema --load 12        the columns that load #12 was written with
    """
    from warehouse.schema_report import columns_of_load, drifts, history, resources

    home = existing_home()
    if load_number is not None:
        load, columns = columns_of_load(home, load_number)
        click.echo(f"{load.source}.{load.resource} of {load.tenant}, load #{load_number}")
        _columns(columns)
        return
    found = drifts(home)
    said = False
    for resource in resources(home, name):
        versions = list(history(home, resource))
        if name is None and len(versions) < 2 and resource not in found:
            continue
        said = True
        click.secho(resource, bold=True)
        for version in versions:
            click.echo(f"  {version}")
        for drift in found.get(resource, []):
            click.secho(f"  {drift}", fg="yellow" if drift.is_current else None)
        if name == resource and versions:
            _columns(versions[-1].columns)
    if not said:
        click.echo("No declaration changed, and no source drifted.")


def _columns(columns: Sequence[tuple[str, str]]) -> None:
    for column, kind in columns:
        if not column.startswith("_"):  # what every load has
            click.echo(f"    {column}  {kind}")


@cli.command()
@click.argument("name", required=False, type=GATE)
@click.option("--all", "everything", is_flag=True, help="Show the checks that passed as well.")
def gate(name: str | None, everything: bool) -> None:
    """Show what the gates found in the last build, or run one of them again.

    Ends with 2 when a critical check did not pass; a warning alone ends with 0.

    \b
    Examples:
      closebook gate               failed and warning checks of the last build
      closebook gate --all         every check
      closebook gate stage_entry   run this gate again on the warehouse as it stands
    """
    import duckdb

    from warehouse.build import run_step
    from warehouse.errors import WarehouseError
    from warehouse.plan import load_plan

    home = existing_home()
    if name is not None:
        run_step(home, GATES[name], load_plan(home).build_id, _clock(), click.echo)
    try:
        with duckdb.connect(str(home.database), read_only=True) as connection:
            rows = connection.execute(
                "select gate, suite, check_name, severity, success, observed, threshold, why, "
                "owner, fix from quality.gate_result order by gate, suite, check_name"
            ).fetchall()
    except duckdb.Error as error:
        raise WarehouseError(
            f"{home.database} holds no gate results ({error}); run `closebook run`"
        ) from None
    shown = [row for row in rows if everything or not row[4]]
    console = _console()
    for gate_name, suite, check, severity, success, observed, threshold, why, owner, fix in shown:
        console.print(f"{_mark(success)} [bold]{suite}.{check}[/bold]  ({gate_name}, {severity})")
        for label, text in (
            ("observed", observed),
            ("allowed", threshold),
            ("why", why),
            ("owner", owner),
            *([] if success else [("fix", fix)]),
        ):
            console.print(f"    {label}: {text}", markup=False)
    plan = load_plan(home)
    console.print(
        f"{len(rows)} checks, {sum(not row[4] for row in rows)} not passed, in the build as of "
        f"{plan.as_of_date}"
    )
    if any(row[3] == "critical" and not row[4] for row in rows):
        raise click.exceptions.Exit(EXIT_GATE)


@cli.command()
def publish() -> None:
    """Publish the last build, if it has passed every gate and is not published yet.

    `closebook run` does this by itself; use it when publishing alone failed, e.g. on a full disk.
    """
    from warehouse.build import run_step
    from warehouse.plan import load_plan

    home = existing_home()
    run_step(home, "publish", load_plan(home).build_id, _clock(), click.echo)


@cli.group(invoke_without_command=True)
@click.pass_context
def versions(context: click.Context) -> None:
    """List the published versions that are kept; `*` is the one readers see."""
    if context.invoked_subcommand is not None:
        return

    from warehouse.publish import current_version
    from warehouse.publish import versions as kept_versions

    home = existing_home()
    now = current_version(home)
    table = _table("", "version", "as of", "published (UTC)", "tables", "rows", "quarantine")
    for manifest in kept_versions(home):
        table.add_row(
            "*" if now is not None and manifest.version == now.version else "",
            manifest.version, manifest.as_of_date, manifest.published_at[:19],
            str(len(manifest.tables)), str(sum(t["rows"] for t in manifest.tables.values())),
            str(manifest.quarantine_count),
        )  # fmt: skip
    _console().print(table if table.row_count else "Nothing is published yet.")


@versions.command()
@click.argument("version")
@click.option("--reason", required=True, help="Why; recorded as a decision.")
@click.option("--actor", help="Who decided (default: the signed-in user).")
def rollback(version: str, reason: str, actor: str | None) -> None:
    """Point readers back at an earlier version.

    A build from the same data as the version rolled back from is then skipped; newer data, policy
    or definitions publish again.

    \b
    Example:
      closebook versions rollback v000041-2026-06-30 --reason "FX rate of July was wrong"
    """
    from ingestion.landing import Landing
    from warehouse.lock import build_lock
    from warehouse.publish import rollback as roll_back

    home = existing_home()
    with build_lock(home):
        roll_back(home, Landing(home.decisions), version, actor or _user(), reason, _clock())
    click.echo(f"readers see {version}")


@cli.command()
@click.argument("folder")
@click.option("--mapping", type=click.Path(path_type=Path), help="Default: FOLDER/mapping.yml.")
def intake(folder: str, mapping: Path | None) -> None:
    """Land a folder of CSV, Excel, JSON lines or Parquet files, read through a mapping.

    A file that is delivered again replaces only its own rows. Rows that cannot be read stand, with
    the reason and the fix, in <file>.errors.csv beside the file; the others land. The exit code is
    1 when there are any.

    \b
    Examples:
      closebook intake files/payroll/aurora
      closebook intake ~/export --mapping ~/export/leads.yml
      closebook intake s3://deliveries/payroll          key and endpoint from the environment
    """
    from warehouse.files import take_in_folder

    report = take_in_folder(folder, _home(), _clock(), mapping=mapping)
    click.echo(str(report))
    if report.refused:
        raise click.exceptions.Exit(EXIT_ERROR)


@cli.command()
@click.argument("entity")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--tenant", required=True, help="Whose rows these are, as policy names it.")
def template(entity: str, folder: Path, tenant: str) -> None:
    """Write a workbook to fill in, and the mapping that reads it, into FOLDER.

    One column a field, typed, its meaning in the header's comment, required ones bold, and two
    example rows to write over. ENTITY is one of docs/mapping.md: account, opportunity, invoice, ...

    \b
    Example:
      closebook template opportunity ~/deals --tenant aurora
      closebook intake ~/deals
    """
    from ingestion.files.template import write_template

    for path in write_template(entity, folder, tenant):
        click.echo(str(path))


@cli.command()
@click.argument("selection", metavar="SOURCE[/TENANT[/RESOURCE]]")
@click.option("--load", "first", type=int, help="Begin with this load (its commit number).")
@click.option("--since", type=DAY, help="Begin with the loads of this day (UTC).")
def replay(selection: str, first: int | None, since: datetime | None) -> None:
    """Type the kept raw pages of past loads anew, with today's declarations.

    The vendor is not asked. What comes out otherwise takes the place of the load that it types
    anew, known since when that one landed; the next build starts from nothing. Loads whose pages
    are gone stay as they are and are named. Doing it again changes nothing.

    \b
    Examples:
      closebook replay salesforce/aurora/opportunity             after declaring a column
      closebook replay stripe --since 2026-06-01                 a bug of the last weeks
      closebook replay salesforce/aurora/opportunity --load 412  a load that a gate refused
    """
    from ingestion.landing import Landing
    from ingestion.replay import replay as type_anew
    from ingestion.selection import Selection

    chosen = Selection.parse(selection)
    begin = since.replace(tzinfo=UTC) if since else None
    places = otherwise = 0
    not_replayable: list[int] = []
    for place in type_anew(Landing(_home().landing), _clock(), chosen, first=first, since=begin):
        places += 1
        otherwise += place.load is not None
        if place.why_not:
            not_replayable.append(place.original.commit_seq)
        if place.load is not None or place.why_not:
            click.secho(str(place), fg="yellow" if place.why_not else None)
    click.echo(
        f"{counted(places, 'load')}: {otherwise} came out otherwise, "
        f"{len(not_replayable)} not replayable"
        + ("; `closebook run --no-ingest` builds from them" if otherwise else "")
    )
    if first is not None and first in not_replayable:
        raise click.exceptions.Exit(EXIT_ERROR)


@cli.command()
@click.argument("selection", metavar="SOURCE[/TENANT[/RESOURCE]]", nargs=-1, required=True)
@click.option("--from", "since", type=DAY, required=True, help="The first day (UTC).")
@click.option("--until", type=DAY, required=True, help="The first day after the range (UTC).")
@click.option("--window", type=int, default=31, show_default=True, help="Days in one load.")
def backfill(selection: tuple[str, ...], since: datetime, until: datetime, window: int) -> None:
    """Read again what changed at the vendor in a range of the past, and land what differs.

    The daily run may go on meanwhile: its cursor does not move, and both together keep to
    `requests_per_host`. The range is read in windows, each a load of its own; the same command goes
    on where it stopped. Stripe tells when an object was created, not when it changed: there the
    range is of creations. Zendesk cannot be asked for an end: what is later is left out here.

    \b
    Examples:
      closebook backfill salesforce/aurora/opportunity --from 2026-01-01 --until 2026-04-01
      closebook backfill stripe zendesk --from 2025-01-01 --until 2026-01-01 --window 7
    """
    from ingestion.backfill import Range
    from ingestion.backfill import backfill as read_range
    from ingestion.connections import configured_sources, connections_of
    from ingestion.errors import ConfigurationError
    from ingestion.host_limit import HostLimit
    from ingestion.http import HttpSettings
    from ingestion.landing import Landing
    from ingestion.selection import Selection

    if any(text.split("/")[0] == "files" for text in selection):
        raise ConfigurationError(
            "files are not read by a range: `closebook intake FOLDER` takes in what changed"
        )
    home = _home()
    sources = configured_sources(home.root)
    loads = read_range(
        sources,
        [Selection.parse(text) for text in selection],
        Range(since.date(), until.date(), window),
        Landing(home.landing),
        _clock(),
        connections_of(sources),
        click.echo,
        HttpSettings(limit=HostLimit(home.hosts)),
    )
    rows = sum(load.rows for load in loads)
    click.echo(
        f"{counted(rows, 'row')} in {counted(len(loads), 'load')}"
        + ("; `closebook run --no-ingest` builds from them" if rows else "")
    )


@cli.command()
@click.argument("selection", metavar="SOURCE/TENANT/RESOURCE")
@click.argument("keys", metavar="KEY...", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why; recorded as a decision.")
@click.option("--actor", help="Who decided (default: the signed-in user).")
def erase(selection: str, keys: tuple[str, ...], reason: str, actor: str | None) -> None:
    """Forget persons: take what holds their keys out of the stores and out of what is published.

    Typed files that hold them, or rows that speak of them, are written anew without them; raw pages
    that hold them are removed. A build follows, and versions built from what held them are removed.
    What a later delivery brings of them is left out again: erase them at the vendor as well.
    Killed or refused half-way, the same command finishes it. There is no way back.

    \b
    Example:
      closebook erase salesforce/aurora/lead 00Q5i000004XyZ --reason "request of 3 July"
    """
    from ingestion.erasure import person
    from warehouse.build import build
    from warehouse.erase import forget, withdraw_versions

    home, clock = _home(), _clock()
    who = person(selection, keys)
    # dbt writes the command that it runs in beside the warehouse.
    del sys.argv[1:]
    erasure = forget(home, clock, who, actor or _user(), reason, len(keys))
    click.echo(
        f"erased from {counted(erasure.places, 'load')}; the warehouse file is dropped; decided as "
        f"{erasure.decision.decision_id}"
    )
    if erasure.versions:
        click.echo(f"published versions that may hold it: {', '.join(erasure.versions)}")
        click.echo(build(home, clock, None, click.echo).message)
    left = withdraw_versions(home, erasure)
    for version in left:
        click.secho(f"{version} may hold it, and is what readers see", fg="red", err=True)
    removed = [version for version in erasure.versions if version not in left]
    click.echo(
        f"{counted(len(removed), 'version')} removed"
        + (f" ({', '.join(removed)})" if removed else "")
        + "; backups made before hold it until they are removed"
    )
    if left:
        raise click.exceptions.Exit(EXIT_ERROR)


@cli.group()
def policy() -> None:
    """Check or land the company's dated rules: one CSV file per table, in one folder.

    \b
    Examples:
      closebook policy check company/policy    every fault, and nothing landed
      closebook policy land company/policy     land the tables that changed
    """


@policy.command()
@click.argument("folder", type=click.Path(path_type=Path))
def check(folder: Path) -> None:
    """Check every file against its declaration, the others and the last landing."""
    from ingestion.connections import refuse_store
    from ingestion.landing import Landing
    from warehouse.policy import check_policy

    home = home_to_compare()
    refuse_store(home.root, folder)
    files = check_policy(folder, Landing(home.policy), Landing(home.decisions), _clock())
    click.echo(
        f"{len(files)} tables, {counted(sum(len(file.rows) for file in files), 'row')}, no fault"
        f"{without_past(home)}"
    )


@policy.command()
@click.argument("folder", type=click.Path(path_type=Path))
def land(folder: Path) -> None:
    """Check everything, then land the tables whose content changed."""
    from ingestion.connections import configured_sources, refuse_store
    from ingestion.landing import Landing
    from warehouse.policy import land_policy

    home = _home()
    refuse_store(home.root, folder)
    report = land_policy(folder, Landing(home.policy), Landing(home.decisions), _clock())
    for load in report.landed:
        click.echo(f"{load.resource}: {counted(load.rows, 'row')} landed")
    click.echo(f"{counted(len(report.landed), 'table')} landed, {len(report.unchanged)} unchanged")
    has_sources = (home.root / "sources.yml").is_file()
    configured = configured_sources(home.root).policy if has_sources else None
    if configured is not None and configured.resolve() != folder.resolve():
        click.secho(
            f"the next `closebook run` lands {configured} again: that is the policy folder of "
            f"{home.root / 'sources.yml'}",
            fg="yellow",
            err=True,
        )


@cli.command()
@click.argument("kind")
@click.option("--subject", required=True, help="What it is about: a table, a period, a record.")
@click.option("--reason", required=True, help="Why.")
@click.option("--actor", help="Who decided (default: the signed-in user).")
@click.option("--hash", "subject_hash", default="", help="SHA-256 of what was decided on.")
@click.option("--payload", default="{}", help="More, as a JSON object.")
def decide(
    kind: str, subject: str, reason: str, actor: str | None, subject_hash: str, payload: str
) -> None:
    """Record a decision. It is appended and can never be changed.

    \b
    KIND is one of
      approval             finance approves a commission period
      waiver               a failed entry rule is accepted for one record
      manual_adjustment    a payout is changed by hand, with the amount in the payload
      acknowledgement      somebody has seen an alert
      action               what will be done about a finding
      allow_policy_change  a policy file may change the past: subject = table, hash = the file's

    \b
    Example:
      closebook decide allow_policy_change --subject quota --hash 3f2a... \\
          --reason "Q2 quotas were signed late"
    """
    from ingestion.landing import Landing
    from warehouse.decisions import BY_COMMAND
    from warehouse.decisions import decide as record
    from warehouse.errors import WarehouseError

    try:
        more = json.loads(payload)
    except ValueError as error:
        raise WarehouseError(f"--payload is not JSON: {error}") from None
    if not isinstance(more, dict):
        raise WarehouseError(f"--payload must be a JSON object, e.g. {{}}, not {payload}")
    if kind in BY_COMMAND:
        raise WarehouseError(BY_COMMAND[kind])
    decision = record(
        Landing(_home().decisions),
        _clock(),
        kind=kind,
        subject=subject,
        actor=actor or _user(),
        reason=reason,
        payload=more,
        subject_hash=subject_hash,
    )
    click.echo(f"{decision.kind} of {decision.subject} recorded as {decision.decision_id}")


@cli.command()
@click.option("--kind", help="Only these, e.g. waiver.")
def decisions(kind: str | None) -> None:
    """List what was decided, oldest first: when, by whom, about what, and why."""

    from ingestion.landing import Landing
    from warehouse.decisions import DECISION_KINDS, all_decisions
    from warehouse.errors import WarehouseError

    if kind is not None and kind not in DECISION_KINDS:
        raise WarehouseError(f"{kind!r} is not a kind of decision; use {', '.join(DECISION_KINDS)}")
    table = _table("decided (UTC)", "kind", "subject", "by", "reason", "hash")
    for decision in all_decisions(Landing(existing_home().decisions)):
        if kind in (None, decision.kind):
            table.add_row(
                f"{decision.decided_at:%Y-%m-%d %H:%M:%S}", decision.kind, decision.subject,
                decision.actor, decision.reason, decision.subject_hash[:12],
            )  # fmt: skip
    _console().print(table if table.row_count else "Nothing was decided yet.")


@cli.command()
@click.option("--source", metavar="SOURCE[/TENANT]",
              help="Ask this source for the first page of everything it has instead.")  # fmt: skip
def doctor(source: str | None) -> None:
    """Look for what would stop a run here: interpreter, packages, disk, ports, connections.

    \b
    Examples:
      closebook doctor
      closebook doctor --source salesforce   sign in and read a page of each resource; lands nothing
      closebook doctor --source files        look at the folders of sources.yml
    """
    from warehouse.doctor import examine, examine_source

    wrong = 0
    home = home_to_compare()
    for finding in examine(home) if source is None else examine_source(home, source):
        click.secho(
            "ok   " if finding.ok else "FAULT", fg="green" if finding.ok else "red", nl=False
        )
        click.echo(f"  {finding.what}: {finding.found}")
        if not finding.ok:
            wrong += 1
            click.echo(f"       {finding.fix}")
    if wrong:
        click.echo(counted(wrong, "fault"))
        raise click.exceptions.Exit(EXIT_ERROR)


for command in (process_group, *upkeep.COMMANDS):
    cli.add_command(command)


def main() -> None:
    """Runs the command and ends the process with its exit code."""
    code = invoke(sys.argv[1:])
    sys.stderr.flush()
    # Nothing is said after this. Once Great Expectations is loaded, DuckDB's bindings print a page
    # about "leaked" objects while the interpreter ends, which reads like a failure and is none.
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    sys.exit(code)


def invoke(arguments: Sequence[str]) -> int:
    """Runs one command; every error is one clear message, a traceback only with --debug."""
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    try:
        code = cli.main(list(arguments), prog_name="closebook", standalone_mode=False)
    except click.exceptions.Abort:
        return EXIT_ERROR
    except click.ClickException as error:
        error.show()
        return EXIT_ERROR
    except KeyboardInterrupt:
        _say("interrupted; what is published is unchanged, and the next run repairs the rest")
        return EXIT_ERROR
    except Exception as error:
        if "--debug" in arguments:
            traceback.print_exc()
        return _explain(error)
    return code if isinstance(code, int) else 0


def _explain(error: Exception) -> int:
    """Says what went wrong and what to do; returns the exit code."""
    import duckdb

    from ingestion.errors import IngestionError
    from warehouse.errors import BuildFailedError, PolicyError, WarehouseError

    if isinstance(error, BuildFailedError):
        _say(f"the {error.gate} gate refused the data; what is published stays\n{error}")
        where = "" if error.gate == "dbt_tests" else "`closebook gate` shows every check; "
        _say(f"{where}repair the source or rule, then `closebook run`")
        return EXIT_GATE
    if isinstance(error, PolicyError):
        _say("\n  ".join([str(error), *map(str, error.problems)]))
    elif isinstance(error, WarehouseError | IngestionError):
        _say(str(error))
    elif isinstance(error, duckdb.Error):
        _say(f"the database refused: {error} (`closebook doctor` looks at disk and folders)")
    elif isinstance(error, OSError):
        _say(f"{error.strerror or error}: {error.filename or ''} (`closebook doctor` looks at disk "
             "and folders)")  # fmt: skip
    else:
        _say(f"{type(error).__name__}: {error} (unexpected; --debug shows the traceback)")
    return EXIT_ERROR


def _say(text: str) -> None:
    click.secho("error: ", fg="red", err=True, nl=False)
    click.echo(text, err=True)


def _user() -> str:
    import getpass

    return getpass.getuser()


def _age(clock: Clock, instant: str) -> str:
    """How long ago, in the largest whole unit."""
    moment = datetime.fromisoformat(instant)
    seconds = int((clock.now() - moment.astimezone(UTC)).total_seconds())
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{max(seconds, 0)} s"


def _when(instant: datetime | None) -> str:
    return "never" if instant is None else f"{instant.astimezone(UTC):%Y-%m-%d %H:%M}"


def _state(verdict: str) -> str:
    colour = {"within": "green", "late": "red", "never_loaded": "red"}.get(verdict, "yellow")
    return f"[{colour}]{verdict.replace('_', ' ')}[/{colour}]"


def _table(*columns: str) -> Table:
    from rich.box import SIMPLE
    from rich.table import Table

    table = Table(box=SIMPLE, pad_edge=False)
    for column in columns:
        # A version is there to be copied, a time to be read: neither is broken in two.
        is_whole = column == "version" or column.endswith("(UTC)")
        table.add_column(column, overflow="fold", no_wrap=is_whole)
    return table


def _console() -> Console:
    """Where tables are printed: as wide as the terminal, wide where it is none."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)


def _mark(success: bool) -> str:
    return "[green]passed[/green]" if success else "[red]failed[/red]"
