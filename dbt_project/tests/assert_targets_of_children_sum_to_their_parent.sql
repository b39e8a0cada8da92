-- A failing row is a target whose quarters, months, weeks or days leave out a working day, or do
-- not sum to it to the cent though none of them has a target of its own.
with

plan as (
    select *
    from {{ ref('mart_target_plan') }}
    where period_type not in ('guide_week', 'guide_day')
),

children as (
    select
        tenant,
        scope_kind,
        scope_id,
        metric_id,
        version,
        case
            when parent_period_type is not null then parent_period_type
            when period_type = 'quarter' then 'year'
            when period_type = 'month' then 'quarter'
        end as parent_period_type,
        case
            when parent_period_type is not null then parent_period_start
            when period_type = 'quarter' then {{ year_of('period_start') }}
            when period_type = 'month' then {{ quarter_of('period_start') }}
        end as parent_period_start,
        target_value,
        working_day_count,
        case when parent_period_type is null then 1 else 0 end as own_target_count
    from plan
),

families as (
    select
        tenant,
        scope_kind,
        scope_id,
        metric_id,
        version,
        parent_period_type,
        parent_period_start,
        sum(target_value) as target_value,
        sum(working_day_count) as working_day_count,
        sum(own_target_count) as own_target_count
    from children
    group by
        tenant,
        scope_kind,
        scope_id,
        metric_id,
        version,
        parent_period_type,
        parent_period_start
)

select
    plan.target_id,
    plan.version,
    plan.period_type,
    plan.period_start,
    plan.target_value,
    families.target_value as sum_of_children
from plan
left join families
    on
        plan.tenant = families.tenant
        and plan.scope_kind = families.scope_kind
        and plan.scope_id = families.scope_id
        and plan.metric_id = families.metric_id
        and plan.version = families.version
        and plan.period_type = families.parent_period_type
        and plan.period_start = families.parent_period_start
where
    plan.method <> 'guide_4x5'
    and plan.period_type <> 'day'
    and (
        coalesce(families.working_day_count, 0) <> plan.working_day_count
        or (families.own_target_count = 0 and families.target_value <> plan.target_value)
    )
