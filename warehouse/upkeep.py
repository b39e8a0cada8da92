"""The commands of `closebook` that keep an installation sound: verify, backup, restore, maintain.

Like `warehouse.cli`, nothing heavy is imported before a command needs it.
"""

from __future__ import annotations

import os

import click

from warehouse import invocation

PART_NAMES = ("verify", "retention", "leftovers", "backup")


@click.command("verify")
def verify_command() -> None:
    """Recompute the hash of every landed and published file, and name what is not as written.

    Looks at the landing, policy and decisions, their sequence of commits, the published versions
    and sources.yml; changes nothing. Ends with 1 when something is damaged, missing or too much,
    each with what was expected, what was found and what to do.
    """
    from warehouse.maintain import verified

    click.echo(verified(invocation.existing_home(), invocation.clock()))


@click.command("backup")
@click.argument("destination")
@click.option("--keep", type=click.IntRange(min=1), default=5, show_default=True,
              help="How many backups to keep there.")  # fmt: skip
@click.option("--with-secrets", is_flag=True, help="Also the file `environment`, with passwords.")
def backup_command(destination: str, keep: int, with_secrets: bool) -> None:
    """Copy the durable stores and sources.yml to DESTINATION: a folder, or an fsspec URL.

    Loads and builds may go on meanwhile. What DESTINATION has already is not copied again; a
    backup that dies half-way leaves none.

    \b
    Examples:
      closebook backup /mnt/backup/closebook
      closebook restore /mnt/backup/closebook    the way back
    """
    from warehouse.backup import back_up

    home, clock = invocation.home(), invocation.clock()
    click.echo(str(back_up(home, destination, clock, keep, with_secrets)))


@click.command("restore")
@click.argument("source")
@click.option("--backup", "name", help="Which one (default: the newest).")
def restore_command(source: str, name: str | None) -> None:
    """Bring a backup into an empty CLOSEBOOK_HOME, and verify it.

    The warehouse is not in a backup: `closebook run --no-ingest` builds it anew.

    \b
    Example:
      CLOSEBOOK_HOME=/srv/new closebook restore /mnt/backup/closebook
    """
    from warehouse.backup import restore

    home = invocation.home()
    backup = restore(home, source, name)
    click.echo(f"{backup.name}: {len(backup.files)} files are in {home.root}, as they were written")
    click.echo(
        "next: `closebook run --no-ingest`. Repeat erasures decided after "
        f"{backup.made_at[:16].replace('T', ' ')} UTC; input folders of sources.yml are not in a "
        "backup."
    )


@click.command("maintain")
@click.argument("parts", nargs=-1, type=click.Choice(PART_NAMES))
def maintain_command(parts: tuple[str, ...]) -> None:
    """Run maintenance, all of it or the PARTS named, in this order; the first failure stops it.

    \b
    verify       recompute every hash (`closebook verify`)
    retention    remove raw pages older than the policy setting raw_page_days (default 30)
    leftovers    remove what processes that died left behind more than a day ago
    backup       `closebook backup` to the destination in CLOSEBOOK_BACKUP

    \b
    Examples:
      closebook maintain
      closebook maintain retention leftovers
    """
    from warehouse.errors import NotConfiguredError
    from warehouse.maintain import PARTS

    home, clock = invocation.home(), invocation.clock()
    for name in PARTS:
        if name in (parts or PART_NAMES):
            try:
                click.echo(f"{name}: {PARTS[name](home, clock)}")
            except NotConfiguredError as error:
                if parts:
                    raise
                click.secho(f"{name}: {error}", fg="yellow", err=True)


@click.group("source")
def source_group() -> None:
    """Add, disable, enable, remove or list the vendors that are read.

    Changes CLOSEBOOK_HOME/sources.yml and records who did it, when and why. The DAG
    `configure_source` does the same from the Airflow UI.

    \b
    Examples:
      closebook source list
      closebook source add stripe aurora
      closebook source disable zendesk aurora --reason "moved to Request Tracker"
    """


@source_group.command("list")
def list_command() -> None:
    """List the vendors of sources.yml, read or disabled, and where their connection is kept."""
    from ingestion.connections import configured_sources, connection_variable, connections_of
    from ingestion.errors import ConfigurationError

    sources = configured_sources(invocation.home().root)
    connections = connections_of(sources)
    for state, vendors in (("read", sources.vendors), ("disabled", sources.disabled)):
        for vendor in vendors:
            kept = f"connection kept in {vendor.kept_in}".replace("in env", "in the env")
            if vendor.kept_in == "environment":
                try:
                    connections(vendor.source, vendor.tenant)
                except ConfigurationError:
                    variable = connection_variable(vendor.source, vendor.tenant)
                    wrong = "cannot be used" if os.environ.get(variable) else "missing"
                    kept = f"connection {wrong}: set {variable}"
            click.echo(f"{vendor.source} of {vendor.tenant}: {state}, {kept}")


def _switch(action: str, explanation: str) -> click.Command:
    """The command for one action on a source and tenant."""

    def run(source: str, tenant: str, reason: str, actor: str | None) -> None:
        import getpass

        from ingestion.connections import (
            ConfiguredSource,
            configured_sources,
            connection_from_environment,
            connections_of,
        )
        from warehouse.sources import configure

        home = invocation.home()
        has_sources = (home.root / "sources.yml").is_file()
        lines = configure(
            home,
            invocation.clock(),
            action,
            ConfiguredSource(source, tenant),
            connections_of(configured_sources(home.root))
            if has_sources
            else connection_from_environment,
            actor=actor or getpass.getuser(),
            reason=reason,
        )
        click.echo("\n".join(lines))

    parameters: list[click.Parameter] = [
        click.Argument(["source"]),
        click.Argument(["tenant"]),
        click.Option(["--reason"], default="", help="Why; recorded with the decision."),
        click.Option(["--actor"], help="Who decided (default: the signed-in user)."),
    ]
    return click.Command(action, callback=run, params=parameters, help=explanation)


for _action, _explanation in (
    ("add", "Read SOURCE of TENANT from now on, once it has answered with a page of everything.\n\n"
     "Its connection stands in CLOSEBOOK_CONN_<SOURCE>__<TENANT>."),
    ("enable", "Read a disabled source again, once it has answered with a page of everything."),
    ("disable", "Stop reading a source; its landed rows stay, and it is not called late."),
    ("remove", "Take a source out of sources.yml; its landed rows stay."),
):  # fmt: skip
    source_group.add_command(_switch(_action, _explanation))

COMMANDS = (verify_command, backup_command, restore_command, maintain_command, source_group)
