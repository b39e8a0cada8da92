"""Every landed row is staged or in quarantine."""

from __future__ import annotations

from expectations.contract import Suite
from expectations.suites.marts.building import no_difference
from expectations.suites.raw import ROW_RULES


def staged_rows() -> Suite:
    """Per resource: rows landed = rows staged + rows quarantined."""
    staged = " union all ".join(
        f"select '{resource}' as resource, count(*) as staged_rows "
        f"from staging.stg_{resource.replace('.', '__')}"
        for resource in sorted(ROW_RULES)
    )
    return Suite(
        name="marts.landing",
        query=f"""
            select
                landed.resource, landed.landed_rows,
                coalesce(staged.staged_rows, 0) as staged_rows,
                coalesce(refused.quarantined_rows, 0) as quarantined_rows,
                landed.landed_rows - coalesce(staged.staged_rows, 0)
                    - coalesce(refused.quarantined_rows, 0) as lost_rows
            from (
                select source || '.' || resource as resource, sum(row_count) as landed_rows
                from meta.load where store = 'landing' group by all
            ) as landed
            left join ({staged}) as staged on landed.resource = staged.resource
            left join (
                select
                    source_system || '.' || resource as resource,
                    count(distinct load_id || ' ' || row_number) as quarantined_rows
                from quality.raw_quarantine group by all
            ) as refused on landed.resource = refused.resource
        """,
        grain="resources",
        label=(
            "resource || ': landed ' || landed_rows || ', staged ' || staged_rows "
            "|| ', quarantined ' || quarantined_rows"
        ),
        checks=(
            no_difference(
                "landed_is_staged_or_quarantined",
                "lost_rows",
                label=(
                    "resource || ': landed ' || landed_rows || ', staged ' || staged_rows "
                    "|| ', quarantined ' || quarantined_rows"
                ),
                why="A row that is neither staged nor in quarantine is lost without a trace.",
                fix="delete the warehouse file and build again; then read the staging model",
                owner="data_engineering",
                threshold="0 rows: nothing is lost, nothing is staged twice",
            ),
        ),
        input_query="select count(*) from meta.load where store = 'landing'",
    )
