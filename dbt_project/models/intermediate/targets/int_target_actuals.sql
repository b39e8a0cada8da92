with

actuals as (
    select * from {{ ref('int_won_by_scope_period') }}
),

planned as (
    select
        split.tenant,
        split.calendar_id,
        split.scope_kind,
        split.scope_id,
        split.metric_id,
        split.period_type,
        split.period_start,
        split.version,
        split.target_value,
        split.currency_code,
        split.method,
        employments.ended_on <= split.period_start as is_vacant
    from {{ ref('int_target_split') }} as split
    left join {{ ref('int_rep_employments') }} as employments
        on
            split.tenant = employments.tenant
            and split.scope_kind = 'rep'
            and split.scope_id = employments.employee_number
    where split.period_start <= {{ as_of_date() }}
),

-- A tenant or region that won without a target stands beside those that have one.
compared as (
    select
        coalesce(planned.tenant, actuals.tenant) as tenant,
        coalesce(planned.calendar_id, '*') as calendar_id,
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
        case
            when actuals.tenant is null then cast(0 as decimal(18, 2))
            else actuals.multi_year_value
        end as multi_year_value,
        planned.target_value,
        planned.method,
        coalesce(planned.is_vacant, false) as is_vacant,
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

final as (
    select
        compared.*,
        periods.working_day_count,
        periods.elapsed_working_day_count,
        periods.last_date > {{ as_of_date() }} as is_partial,
        case
            when compared.method = 'seasonal_working_days'
                then cast(periods.elapsed_weight_hundredths as decimal(30, 0))
            else seasons.hundredths_by_point
        end as hundredths_by_point,
        case
            when compared.method = 'seasonal_working_days'
                then cast(periods.weight_hundredths as decimal(30, 0))
            else seasons.season_hundredths
        end as season_hundredths
    from compared
    inner join {{ ref('int_target_periods') }} as periods
        on
            compared.tenant = periods.tenant
            and compared.calendar_id = periods.calendar_id
            and compared.period_type = periods.period_type
            and compared.period_start = periods.period_start
    left join {{ ref('int_target_seasons') }} as seasons
        on
            compared.tenant = seasons.tenant
            and compared.metric_id = seasons.metric_id
            and compared.period_type = seasons.period_type
            and compared.period_start = seasons.period_start
            and periods.working_day_count = seasons.working_day_count
)

select * from final
