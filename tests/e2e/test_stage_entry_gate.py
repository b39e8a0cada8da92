"""The stage-entry gate on a whole home: twelve broken loads, each stopped for its own reason.

1. a stage that nobody mapped; 2. a lead status that nobody mapped; 3. a row of the stage map that
ended while its stage is still used; 4. amounts of nought; 5. amounts emptied (unknown); 6. close
dates emptied; 7. needs that nobody confirmed; 8. commitments later than the negotiation;
9. decision makers deleted; 10. signatures removed; 11. one large deal at fault where the count of
deals is within its limit; 12. many rules each broken within its limit.

Each is stopped twice: what staging would leave of it is written into a copy of the warehouse and
judged by `closebook gate stage_entry`; and it arrives at the vendor, is ingested and built (two of
them here, the others in `make prove`). `docs/stage-entry-gate.md` has the same list.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.contract import Check
from expectations.suites.stage_entry import rules as entry_rules
from ingestion.landing import Landing
from tests.e2e.installation import Installation, on_world
from tests.sample import drawn
from warehouse.cli import EXIT_GATE, invoke
from warehouse.decisions import decide
from warehouse.errors import BuildFailedError
from warehouse.publish import current_version, last_attempt

pytestmark = pytest.mark.e2e

TOMORROW = "2026-07-02T03:00:00+08:00"
AT_NIGHT = "2026-07-01T18:00:00Z"
"""When broken loads are typed in: an hour before they are read."""

ENFORCED = "2026-06-05"
CONTEXT = "intermediate.int_stage_entry_context"
ENTRIES = "intermediate.int_stage_entries"
RULES = "staging.stg_policy_landed__stage_entry_rule"
PAGE = Path(__file__).parents[2] / "docs" / "stage-entry-gate.md"

Checks = frozenset[tuple[str, str]]


class Vendor:
    """The Salesforce of aurora, and the house's policy folder, for somebody who breaks things."""

    def __init__(self, world: Path) -> None:
        self.world, self.changed_policy = world, set[str]()

    def change(self, resource: str, ids: Sequence[str], **fields: Any) -> None:
        """Writes fields of objects, as of tonight."""
        for id in ids:
            payload = self._latest(resource, id) | fields
            self._write(resource, id, payload | {"SystemModstamp": _written(AT_NIGHT)})

    def enter(self, deals: Sequence[str], stage: str) -> None:
        """Moves deals to a stage."""
        self.change("opportunity", deals, StageName=stage)
        for deal in deals:
            record = self._latest("opportunity", deal)
            self._add(
                "opportunity_history", OpportunityId=deal, StageName=stage,
                Amount=record["Amount"], CurrencyIsoCode=record["CurrencyIsoCode"],
                CloseDate=record["CloseDate"],
            )  # fmt: skip

    def restate(self, leads: Sequence[str], status: str) -> None:
        """Gives leads a status."""
        for lead in leads:
            self._add("lead_history", LeadId=lead, Field="Status", NewValue=status)
        self.change("lead", leads, Status=status)

    def without_decision_maker(self, deals: Sequence[str]) -> None:
        for role in self._ids("opportunity_contact_role", "Role", "Decision Maker"):
            payload = self._latest("opportunity_contact_role", role)
            if payload["OpportunityId"] in deals:
                gone = payload | {"IsDeleted": True, "SystemModstamp": _written(AT_NIGHT)}
                self._write("opportunity_contact_role", role, gone, deleted=True)

    def policy(self, table: str, old: str, new: str) -> None:
        """Writes something else into a policy file; what it does to the past will be allowed."""
        path = self.world / "policy" / f"{table}.csv"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        self.changed_policy.add(table)

    def _add(self, resource: str, **fields: Any) -> None:
        id = f"{resource[:3]}{len(self._ids(resource)):015d}"
        self._write(resource, id, {"Id": id, "CreatedDate": _written(AT_NIGHT), **fields})

    def _ids(self, resource: str, field: str = "IsDeleted", value: Any = 0) -> list[str]:
        return [
            str(id)
            for (id,) in self._sql(
                "select distinct id from object_version where vendor = 'salesforce' "
                "and tenant = 'aurora' and resource = ? and valid_at <= ? "
                f"and coalesce(json_extract(payload, '$.{field}'), 0) = ?",
                resource, AT_NIGHT, value,
            )
        ]  # fmt: skip

    def _latest(self, resource: str, id: str) -> dict[str, Any]:
        ((payload,),) = self._sql(
            "select payload from object_version where vendor = 'salesforce' and tenant = 'aurora' "
            "and resource = ? and id = ? and valid_at <= ? order by valid_at desc limit 1",
            resource, id, AT_NIGHT,
        )  # fmt: skip
        found: dict[str, Any] = json.loads(payload)
        return found

    def _write(
        self, resource: str, id: str, payload: dict[str, Any], *, deleted: bool = False
    ) -> None:
        self._sql(
            "insert or replace into object_version values ('salesforce', 'aurora', ?, ?, ?, ?, ?)",
            resource, id, AT_NIGHT, int(deleted), json.dumps(payload),
        )  # fmt: skip
        # What the company does with it later the demo company would still do.
        self._sql(
            "delete from object_version where resource = ? and id = ? and valid_at > ?",
            resource, id, AT_NIGHT,
        )  # fmt: skip

    def _sql(self, query: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(self.world / "world.sqlite")) as connection, connection:
            return connection.execute(query, values).fetchall()


def _written(instant: str) -> str:
    return instant.replace("Z", ".000+0000")


@dataclass(frozen=True, slots=True)
class BrokenLoad:
    """What arrives, what staging leaves of it, what the gate says.

    `deals` picks from the deals of aurora by the stage that they entered since rules are enforced,
    the most valuable first; `{deals}` in `staged` and `{count}` in `says` stand for them. `fails`
    are the checks that must fail, `also` those that may as well.
    """

    deals: Callable[[Mapping[str, list[str]]], list[str]]
    arrives: Callable[[Vendor, list[str]], None]
    staged: str
    fails: Checks
    says: str
    also: Checks = frozenset()


def _one(suite: str, check: str) -> Checks:
    return frozenset({(f"stage_entry.{suite}", check)})


def _all_of(stage: str) -> Callable[[Mapping[str, list[str]]], list[str]]:
    return lambda deals: deals[stage]


def _breaks(
    stage: str, rule: str, staged: str, check: str = "few_failed", **fields: Any
) -> BrokenLoad:
    """Every deal in the stage gets fields that break a rule; all at once may break the totals."""
    return BrokenLoad(
        _all_of(stage),
        lambda vendor, deals: vendor.change("opportunity", deals, **fields),
        f"update {CONTEXT} set {staged} "
        "where tenant = 'aurora' and opportunity_source_id in {deals}",
        _one(rule, check),
        rf"{rule}.{check}: {{count}} of \d+ counted entries, \d+ of \d+ ever; first: ",
        _one("total", "little_value_failed") | _one("total", "few_failed_in_total"),
    )


def _large_deal(vendor: Vendor, deals: list[str]) -> None:
    vendor.policy("stage_entry_rule", ",0.150000,", ",0.250000,")
    vendor.change("opportunity", deals, Discovery_Completed__c=None)


def _many_rules(vendor: Vendor, deals: list[str]) -> None:
    vendor.policy("stage_entry_rule", ",0.150000,", ",0.450000,")
    vendor.change("opportunity", deals[:2], Discovery_Completed__c=None)
    vendor.change("opportunity", deals[2:], Contract_Signed__c=None)


LOADS: dict[str, BrokenLoad] = {
    "a stage that nobody mapped": BrokenLoad(
        _all_of("proposal"),
        lambda vendor, deals: vendor.enter(deals, "Verbal yes"),
        f"insert into {ENTRIES} by name select * replace (stage_event_key + 1 as stage_event_key, "
        "'Verbal yes' as stage_name, null as stage_id) "
        f"from {ENTRIES} where tenant = 'aurora' and stage_id = 'proposal' "
        "and record_source_id in {deals} "
        "qualify row_number() over (partition by record_source_id order by entered_at desc) = 1",
        _one("stages", "stage_is_known"),
        r"aurora opportunity stage Verbal yes: {count} entries, value [\d.]+ CNY, "
        "not in stage_map",
    ),
    "a lead status that nobody mapped": BrokenLoad(
        _all_of("lead"),
        lambda vendor, leads: vendor.restate(leads, "Nurture"),
        f"insert into {ENTRIES} by name select * replace (stage_event_key + 1 as stage_event_key, "
        "'Nurture' as stage_name, null as stage_id) "
        f"from {ENTRIES} where tenant = 'aurora' and record_type = 'lead' "
        "and record_source_id in {deals} "
        "qualify row_number() over (partition by record_source_id order by entered_at desc) = 1",
        _one("stages", "stage_is_known"),
        r"aurora lead stage Nurture: {count} entries, value unknown, not in stage_map",
    ),
    "a row of the stage map that ended": BrokenLoad(
        _all_of("proposal"),
        lambda vendor, _: vendor.policy(
            "stage_map", "Quote,proposal,2023-01-01,", f"Quote,proposal,2023-01-01,{ENFORCED}"
        ),
        f"update {ENTRIES} set stage_id = null where stage_id = 'proposal' and entered_date >= "
        f"'{ENFORCED}'; delete from {CONTEXT} where stage_id = 'proposal' and entered_date >= "
        f"'{ENFORCED}'",
        _one("stages", "stage_is_known"),
        r"aurora opportunity stage Proposal/Price Quote: \d+ entries, value [\d.]+ CNY, mapped to "
        "proposal but not for this tenant, pipeline and date",
    ),
    "amounts of nought": _breaks(
        "proposal", "proposal_amount_positive", "amount = 0, amount_in_tenant_currency = 0",
        Amount=0,
    ),
    "amounts emptied": _breaks(
        "proposal", "proposal_amount_positive",
        "amount = null, amount_in_tenant_currency = null", "few_unknown", Amount=None,
    ),
    "close dates emptied": _breaks(
        "proposal", "proposal_close_date_present", "close_date = null", CloseDate=None
    ),
    "needs that nobody confirmed": _breaks(
        "proposal", "proposal_discovery_completed", "discovery_completed_at = null",
        Discovery_Completed__c=None,
    ),
    "commitments later than the negotiation": _breaks(
        "negotiation", "negotiation_customer_committed",
        "customer_committed_at = timestamp '2026-07-01 18:00:00'",
        Customer_Committed__c=_written(AT_NIGHT),
    ),
    "decision makers deleted": replace(
        _breaks("negotiation", "negotiation_decision_maker_known", "decision_maker_count = 0"),
        arrives=lambda vendor, deals: vendor.without_decision_maker(deals),
    ),
    "signatures removed": _breaks(
        "contract_signed", "contract_signed_evidence", "contract_signed_at = null",
        Contract_Signed__c=None,
    ),
    "one large deal, within the limit by count": BrokenLoad(
        lambda deals: deals["proposal"][:1],
        _large_deal,
        f"update {RULES} set max_failed_rate = 0.25; "
        f"update {CONTEXT} set discovery_completed_at = null "
        "where tenant = 'aurora' and opportunity_source_id in {deals}",
        _one("total", "little_value_failed"),
        r"aurora, rule proposal_discovery_completed: [\d.]+ of [\d.]+",
    ),
    "many rules, each within its limit": BrokenLoad(
        lambda deals: deals["proposal"][-2:] + deals["contract_signed"][-2:],
        _many_rules,
        f"update {RULES} set max_failed_rate = 0.45; "
        f"update {CONTEXT} set discovery_completed_at = null "
        "where stage_id = 'proposal' and tenant = 'aurora' "
        "and opportunity_source_id in {deals[:2]}; "
        f"update {CONTEXT} set contract_signed_at = null "
        "where stage_id = 'contract_signed' and tenant = 'aurora' "
        "and opportunity_source_id in {deals[2:]}",
        _one("total", "few_failed_in_total"),
        r"aurora, all rules: \d+ of \d+ entries",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def deals(demo: Installation) -> dict[str, list[str]]:
    """New business of aurora by the stage that it entered since rules are enforced, most valuable
    first, and three of its leads.
    """
    with duckdb.connect(str(demo.home.database), read_only=True) as connection:
        found = connection.execute(
            f"select stage_id, opportunity_source_id from {CONTEXT} "
            "where tenant = 'aurora' and pipeline_id = 'default' and entered_date >= ? "
            "group by all order by max(amount_in_tenant_currency) desc, 2",
            [ENFORCED],
        ).fetchall()
        leads = connection.execute(
            f"select distinct record_source_id from {ENTRIES} "
            "where tenant = 'aurora' and record_type = 'lead' order by 1 limit 3"
        ).fetchall()
    by_stage: dict[str, list[str]] = {"lead": [lead for (lead,) in leads]}
    for stage, deal in found:
        by_stage.setdefault(stage, []).append(deal)
    return by_stage


def _holds(load: BrokenLoad, picked: list[str], made: Installation, message: str) -> None:
    """The gate stopped this load for its own reason, named it, and nothing published moved."""
    attempt = last_attempt(made.home)
    assert attempt is not None and attempt["failed_gate"] == "stage_entry"
    failed = {(check["suite"], check["check_name"]) for check in attempt["failed_checks"]}
    assert load.fails <= failed <= load.fails | load.also, message
    says = load.says.replace("{count}", str(len(picked)))
    (line,) = (line for line in message.splitlines() if re.search(says, line))
    assert ". Fix: " in line
    if "counted entries" in says:
        named = re.findall(r"aurora opportunity (\w+)", line)
        assert named == sorted(picked)[:3], "the first rows at fault, by name"


@pytest.fixture(scope="module")
def judged(demo: Installation, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A copy whose warehouse every case breaks anew."""
    return demo.copy(tmp_path_factory.mktemp("judged"), built=True)


@pytest.mark.parametrize("name", LOADS)
def test_a_broken_load_is_stopped_by_the_gate_alone(
    name: str,
    demo: Installation,
    judged: Installation,
    deals: dict[str, list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    load = LOADS[name]
    picked = load.deals(deals)
    assert picked
    shutil.copy(demo.home.database, judged.home.database)
    with duckdb.connect(str(judged.home.database)) as connection:
        connection.execute(load.staged.format(deals=_Listed(picked)))
    monkeypatch.setenv("CLOSEBOOK_HOME", str(judged.home.root))
    monkeypatch.setenv("CLOSEBOOK_NOW", TOMORROW)
    before = judged.hashes()
    assert invoke(["gate", "stage-entry"]) == EXIT_GATE
    _holds(load, picked, judged, capsys.readouterr().err)
    assert judged.hashes() == before


class _Listed(list[str]):
    """Ids that `format` writes as a SQL list; `{deals[:2]}` is a part of it."""

    def __getitem__(self, part: Any) -> Any:  # `format` passes the text between the brackets
        first, _, last = str(part).partition(":")
        return _Listed(list(self)[int(first or 0) : int(last) if last else None])

    def __format__(self, _: str) -> str:
        return "(" + ", ".join(f"'{id}'" for id in self) + ")"


def _whole() -> list[Any]:
    """One of the loads, another with each commit; the rest only in `make prove`."""
    here = drawn().choice(sorted(LOADS))
    return [name if name == here else pytest.param(name, marks=pytest.mark.prove) for name in LOADS]


@contextmanager
def _next_day(demo: Installation, root: Path) -> Iterator[tuple[Installation, Vendor]]:
    """A copy of the home and of its world, tomorrow; nothing of that day has been read."""
    demo.copy(root / "home", built=True)
    shutil.copytree(demo.world, root / "world")
    with on_world(root / "world", root / "home", TOMORROW) as made:
        yield made, Vendor(root / "world")
    shutil.rmtree(root)


def _allow(made: Installation, vendor: Vendor) -> None:
    """Decides that the policy files which somebody changed may change the past."""
    for table in vendor.changed_policy:
        content = (made.world / "policy" / f"{table}.csv").read_bytes()
        decide(
            Landing(made.home.decisions), made.clock, kind="allow_policy_change", subject=table,
            actor="ana", reason="a test", subject_hash=sha256(content).hexdigest(),
        )  # fmt: skip


@pytest.mark.parametrize("name", _whole())
def test_a_broken_load_is_stopped_on_its_way_from_the_vendor(
    name: str, demo: Installation, deals: dict[str, list[str]], tmp_path: Path
) -> None:
    load = LOADS[name]
    picked = load.deals(deals)
    with _next_day(demo, tmp_path) as (made, vendor):
        load.arrives(vendor, picked)
        _allow(made, vendor)
        made.ingest()
        before, hashes = current_version(made.home), made.hashes()
        with pytest.raises(BuildFailedError) as caught:
            made.build()
        _holds(load, picked, made, str(caught.value))
        assert (current_version(made.home), made.hashes()) == (before, hashes)


def test_a_corrupted_expectation_stops_the_gate(
    demo: Installation,
    judged: Installation,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """On good data: what the expectation lets pass is not what the rows say."""

    def corrupt(rule: entry_rules.EntryRule, verdict: str, *more: Any) -> Check:
        check = generated(rule, verdict, *more)
        return replace(check, arguments={"column": "verdict_now", "value_set": ["fail"]})

    shutil.copy(demo.home.database, judged.home.database)
    monkeypatch.setenv("CLOSEBOOK_HOME", str(judged.home.root))
    monkeypatch.setenv("CLOSEBOOK_NOW", TOMORROW)
    assert invoke(["gate", "stage_entry"]) == 0
    generated = entry_rules._share
    monkeypatch.setattr(entry_rules, "_share", corrupt)
    capsys.readouterr()
    assert invoke(["gate", "stage-entry"]) == EXIT_GATE
    said = capsys.readouterr().err
    assert re.search(
        r"proposal_discovery_completed.few_failed could not be evaluated: "
        r"Great Expectations counted [1-9]\d* entries at fault, there are 0",
        said,
    )


def test_what_fails_within_the_limits_is_published_with_a_quarantine_that_readers_see(
    demo: Installation,
) -> None:
    now, published = current_version(demo.home), demo.published()
    assert now is not None and now.quarantine_count == len(published["quarantine"])
    rows = [row for row in published["quarantine"] if row["gate"] == "stage_entry"]
    assert rows, "open deals of the demo company break rules, within the limits"
    for row in rows:
        assert row["record_id"] and row["owner"] and row["field"] and row["why"] and row["fix"]
        assert row["state"] == "open" and (row["amount_at_fault"] is None or row["currency_code"])
    assert any(row["amount_at_fault"] for row in rows)
    rated = published["mart_stage_entry_violation_by_rule_month"]
    assert {row["rule_id"] for row in rows} <= {row["rule_id"] for row in rated}


def test_a_soft_failure_is_quarantined_and_a_removed_rule_leaves_nothing(
    demo: Installation, judged: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One quoted deal loses its confirmed needs where that is within the limit."""
    shutil.copy(demo.home.database, judged.home.database)
    with duckdb.connect(str(judged.home.database)) as connection:
        found = connection.execute(
            f"""
            select opportunity_source_id, amount, owner_source_id from {CONTEXT} as context
            where tenant = 'aurora' and stage_id = 'proposal' and not is_closed
                and entered_date >= date '{ENFORCED}' and entered_at = (
                    select max(entered_at) from {ENTRIES}
                    where tenant = 'aurora' and record_source_id = context.opportunity_source_id
                )
            order by amount limit 1
            """
        ).fetchone()
        assert found is not None
        connection.execute(
            f"update {RULES} set max_failed_rate = 0.5; "
            f"delete from {RULES} where rule_id = 'proposal_close_date_present'; "
            f"update {CONTEXT} set discovery_completed_at = null "
            "where tenant = 'aurora' and opportunity_source_id = ?",
            [found[0]],
        )
    monkeypatch.setenv("CLOSEBOOK_HOME", str(judged.home.root))
    monkeypatch.setenv("CLOSEBOOK_NOW", TOMORROW)
    assert invoke(["gate", "stage-entry"]) == 0
    with duckdb.connect(str(judged.home.database), read_only=True) as connection:
        row = connection.execute(
            "select record_id, amount_at_fault, owner, field, value, fix from quality.quarantine "
            "where rule_id = 'proposal_discovery_completed' and record_id = ?",
            [found[0]],
        ).fetchone()
        judged_by = connection.execute(
            "select distinct rule_id from quality.stage_entry_verdict "
            "where rule_id like 'proposal%' order by all"
        ).fetchall()
    assert row is not None and row[:5] == (*found, "discovery_completed_at", None)
    assert "Record when the customer confirmed the needs" in row[5]
    assert judged_by == [("proposal_amount_positive",), ("proposal_discovery_completed",)]


def test_the_page_lists_the_same_broken_loads() -> None:
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|", PAGE.read_text(encoding="utf-8"), re.M)
    assert [name for _, name in rows] == list(LOADS)
    assert [int(number) for number, _ in rows] == list(range(1, 13))
