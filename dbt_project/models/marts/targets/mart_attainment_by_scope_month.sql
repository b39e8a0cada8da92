with

actuals as (
    select * from {{ ref('int_won_by_scope_period') }}
),

planned as (
    select
        tenant,
        scope_kind,
        scope_id,
        metric_id,
        period_type,
        period_start,
        version,
        target_value,
        currency_code
    from {{ ref('mart_target_plan') }}
    where period_type in ('month', 'quarter', 'year') and period_start <= {{ as_of_date() }}
),

-- A tenant or region that won without a target stands beside those that have one.
compared as (
    select
        coalesce(planned.tenant, actuals.tenant) as tenant,
        coalesce(planned.scope_kind, actuals.scope_kind) as scope_kind,
        coalesce(planned.scope_id, actuals.scope_id) as scope_id,
        coalesce(planned.metric_id, actuals.metric_id) as metric_id,
        coalesce(planned.period_type, actuals.period_type) as period_type,
        coalesce(planned.period_start, actuals.period_start) as period_start,
        coalesce(planned.version, 0) as version,
        case
            when actuals.tenant is null then cast(0 as decimal(18, 2))
            else actuals.actual_value
        end as actual_value,
        case
            when actuals.tenant is null then cast(0 as decimal(18, 2))
            else actuals.qualified_actual_value
        end as qualified_actual_value,
        planned.target_value,
        case when planned.tenant is null then actuals.currency_code else planned.currency_code end
            as currency_code
    from planned
    full outer join actuals
        on
            planned.tenant = actuals.tenant
            and planned.scope_kind = actuals.scope_kind
            and planned.scope_id = actuals.scope_id
            and planned.metric_id = actuals.metric_id
            and planned.period_type = actuals.period_type
            and planned.period_start = actuals.period_start
    where planned.tenant is not null or actuals.scope_kind in ('tenant', 'region')
),

measured as (
    select
        *,
        cast(actual_value - target_value as decimal(18, 2)) as gap_value,
        case when actual_value >= target_value then 0 else target_value - actual_value end
            as missing_value
    from compared
),

final as (
    select
        measured.tenant,
        measured.scope_kind,
        measured.scope_id,
        measured.metric_id,
        measured.period_type,
        measured.period_start,
        measured.version,
        measured.actual_value,
        measured.qualified_actual_value,
        measured.target_value,
        {{ ratio_rate('measured.actual_value', 'measured.target_value', 18) }} as attainment_rate,
        measured.gap_value,
        periods.working_day_count,
        periods.elapsed_working_day_count,
        {{ ratio_rate(
            'measured.actual_value * periods.working_day_count',
            'measured.target_value * periods.elapsed_working_day_count', 18
        ) }} as pace_rate,
        {{ rd_ratio(
            'measured.actual_value', 'periods.working_day_count',
            'periods.elapsed_working_day_count'
        ) }} as projected_value,
        {{ rd_ratio(
            'measured.missing_value', 1,
            '(periods.working_day_count - periods.elapsed_working_day_count)'
        ) }} as required_per_working_day,
        periods.last_date > {{ as_of_date() }} as is_partial,
        case
            when coalesce(measured.target_value, 0) = 0 then 'no_target'
            when measured.actual_value >= measured.target_value then 'target_met'
            when
                measured.actual_value * periods.working_day_count
                >= measured.target_value * periods.elapsed_working_day_count
                then 'on_pace'
            else 'behind'
        end as status,
        measured.currency_code
    from measured
    inner join {{ ref('int_target_periods') }} as periods
        on
            measured.tenant = periods.tenant
            and measured.period_type = periods.period_type
            and measured.period_start = periods.period_start
)

select * from final
