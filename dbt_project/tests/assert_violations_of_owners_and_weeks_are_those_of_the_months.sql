-- A failing row is a rule whose owners and weeks hold more or less than its months.
with

counted as (
    select
        tenant,
        pipeline_id,
        rule_id,
        1 as side,
        entry_count,
        violation_count,
        failed_count,
        cured_count,
        amount_at_fault
    from {{ ref('mart_stage_entry_violation_by_rule_owner_week') }}

    union all

    select
        tenant,
        pipeline_id,
        rule_id,
        -1 as side,
        entry_count,
        violation_count,
        failed_count,
        cured_count,
        amount_at_fault
    from {{ ref('mart_stage_entry_violation_by_rule_month') }}
)

select
    tenant,
    pipeline_id,
    rule_id
from counted
group by
    tenant,
    pipeline_id,
    rule_id
having
    sum(side * entry_count) <> 0
    or sum(side * violation_count) <> 0
    or sum(side * failed_count) <> 0
    or sum(side * cured_count) <> 0
    or coalesce(sum(side * amount_at_fault), 0) <> 0
