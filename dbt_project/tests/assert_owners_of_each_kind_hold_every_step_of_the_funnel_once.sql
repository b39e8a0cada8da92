-- A failing row is a step whose owners, teams or regions, then or now, hold more or less than the
-- cohorts of its months.
with

owned as (
    select
        tenant,
        pipeline_id,
        owner_basis,
        scope_kind,
        period_start as cohort_month,
        from_stage_id,
        to_stage_id,
        sum(entered_count) as entered_count,
        sum(reached_count) as reached_count,
        sum(open_count) as open_count,
        sum(qualified_entered_amount) as qualified_entered_amount
    from {{ ref('mart_funnel_by_owner_month') }}
    where period_type = 'month'
    group by
        tenant,
        pipeline_id,
        owner_basis,
        scope_kind,
        period_start,
        from_stage_id,
        to_stage_id
)

select
    owned.tenant,
    owned.pipeline_id,
    owned.owner_basis,
    owned.scope_kind,
    owned.cohort_month,
    owned.from_stage_id
from owned
left join {{ ref('mart_funnel_stage_conversion_by_cohort_month') }} as cohorts
    on
        owned.tenant = cohorts.tenant
        and owned.pipeline_id = cohorts.pipeline_id
        and owned.cohort_month = cohorts.cohort_month
        and owned.from_stage_id = cohorts.from_stage_id
        and owned.to_stage_id = cohorts.to_stage_id
where
    cohorts.tenant is null
    or owned.entered_count <> cohorts.entered_count
    or owned.reached_count <> cohorts.reached_count
    or owned.open_count <> cohorts.open_count
    or coalesce(owned.qualified_entered_amount, 0) <> coalesce(cohorts.qualified_entered_amount, 0)
