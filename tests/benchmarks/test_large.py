"""The large company of the benchmarks: as many of everything as it says, and no reference lost."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from benchmarks.large import Size, enlarge, enlarge_policy
from ingestion.clock import FixedClock
from ingestion.landing import Landing
from tests.e2e.installation import Installation
from warehouse.policy import land_policy

FOUR_TIMES = Size(reps=2, customers=2)
REFERENCES = (
    ("salesforce.opportunity", "account_id", "salesforce.account"),
    ("salesforce.opportunity", "owner_id", "salesforce.user"),
    ("salesforce.opportunity_history", "opportunity_id", "salesforce.opportunity"),
    ("salesforce.opportunity_field_history", "opportunity_id", "salesforce.opportunity"),
    ("salesforce.opportunity_contact_role", "contact_id", "salesforce.contact"),
    ("salesforce.lead", "converted_opportunity_id", "salesforce.opportunity"),
    ("salesforce.task", "what_id", "salesforce.opportunity"),
    ("salesforce.user", "manager_id", "salesforce.user"),
    ("files.blocker", "opportunity_source_id", "salesforce.opportunity"),
    ("files.field_change", "record_source_id", "files.blocker"),
    ("stripe.customer", "crm_account_id", "salesforce.account"),
    ("stripe.invoice", "customer", "stripe.customer"),
    ("stripe.invoice", "opportunity_id", "salesforce.opportunity"),
    ("stripe.invoice_payment", "invoice", "stripe.invoice"),
    ("stripe.invoice_payment", "payment_intent", "stripe.charge"),
    ("zendesk.organization", "external_id", "salesforce.account"),
    ("zendesk.ticket", "organization_id", "zendesk.organization"),
)


@pytest.fixture(scope="module")
def companies(
    demo: Installation, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Landing, Landing]:
    """The demo company's landing, and the same enlarged."""
    large = Landing(tmp_path_factory.mktemp("large"))
    payroll = [load.commit_seq for load in demo.landing.loads() if load.resource == "payroll_line"]
    enlarge(demo.landing, large, FOUR_TIMES, after=payroll[-2])
    return demo.landing, large


def _rows(landing: Landing, resource: str) -> str:
    files = [
        str(landing.root / file.path)
        for load in landing.loads()
        if f"{load.source}.{load.resource}" == resource
        for file in load.files
    ]
    return f"read_parquet({files}, hive_partitioning = false)"


def _count(query: str) -> int:
    with duckdb.connect() as connection:
        ((count,),) = connection.execute(query).fetchall()
    return int(count)


def test_every_deal_is_there_so_many_times_and_every_activity_twice_as_often(
    companies: tuple[Landing, Landing],
) -> None:
    _, large = companies
    for resource, times in (
        ("salesforce.opportunity", 4),
        ("salesforce.task", 8),
        ("salesforce.user", 2),
        ("salesforce.product", 1),
    ):
        counts = [_count(f"select count(*) from {_rows(side, resource)}") for side in companies]
        assert counts[1] == times * counts[0], resource
        names = f"(select distinct _tenant, id from {_rows(large, resource)})"
        assert _count(f"select count(*) from {names}") == counts[1], resource


@pytest.mark.parametrize(
    ("resource", "column", "parent"), REFERENCES, ids=[f"{r}.{c}" for r, c, _ in REFERENCES]
)
def test_what_a_row_referred_to_is_there_for_each_of_its_copies(
    companies: tuple[Landing, Landing], resource: str, column: str, parent: str
) -> None:
    key = {"payment_intent": column, "record_source_id": "source_id"}.get(column, "id")
    found = [
        _count(
            f"select count(*) from {_rows(side, resource)} as child semi join "
            f"{_rows(side, parent)} as parent on child._tenant = parent._tenant "
            f"and child.{column} = parent.{key}"
        )
        for side in companies
    ]
    times = {"salesforce.task": 8, "salesforce.user": 2}.get(resource, 4)
    assert found[0] and found[1] == times * found[0]


def test_the_reps_of_the_large_company_have_their_policy(
    demo: Installation, companies: tuple[Landing, Landing], tmp_path: Path
) -> None:
    enlarge_policy(demo.world / "policy", tmp_path / "folder", FOUR_TIMES)
    policy = Landing(tmp_path / "policy")
    clock: FixedClock = demo.clock
    land_policy(tmp_path / "folder", policy, Landing(tmp_path / "decisions"), clock)
    assigned = _rows(policy, "policy.plan_assignment")
    reps = _rows(companies[1], "salesforce.user")
    unknown = f"select count(*) from {assigned} anti join {reps} using (employee_number)"
    assert _count(unknown) == 0
