with

measured as (
    select
        *,
        cast(actual_value - target_value as decimal(18, 2)) as gap_value,
        case when actual_value >= target_value then 0 else target_value - actual_value end
            as missing_value,
        is_partial and elapsed_working_day_count <= 3 as is_too_early,
        season_hundredths is not null as has_season
    from {{ ref('int_target_actuals') }}
),

-- A pace is told of what has gone; of too little of it, or of a season without a win, nothing is.
paced as (
    select
        *,
        case when not is_too_early then elapsed_working_day_count end as told_day_count,
        case when not is_too_early and hundredths_by_point > 0 then hundredths_by_point end
            as told_hundredths,
        case
            when has_season
                then
                    {{ wide('actual_value') }} * season_hundredths
                    >= {{ wide('target_value') }} * hundredths_by_point
            else
                {{ wide('actual_value') }} * working_day_count
                >= {{ wide('target_value') }} * elapsed_working_day_count
        end as is_on_pace
    from measured
),

final as (
    select
        tenant,
        scope_kind,
        scope_id,
        metric_id,
        period_type,
        period_start,
        version,
        version = max(version) over (
            partition by tenant, scope_kind, scope_id, metric_id, period_type, period_start
        ) as is_latest_version,
        actual_value,
        qualified_actual_value,
        multi_year_value,
        target_value,
        {{ ratio_rate('actual_value', 'target_value', 18) }} as attainment_rate,
        gap_value,
        working_day_count,
        elapsed_working_day_count,
        case
            when method = 'seasonal_working_days' then 'planned_season'
            when has_season then 'seasonal'
            else 'working_days'
        end as pace_method,
        {{ ratio_rate(
            wide('actual_value') ~ ' * working_day_count',
            wide('target_value') ~ ' * told_day_count', 18
        ) }} as pace_rate,
        {{ rd_ratio('actual_value', 'working_day_count', 'told_day_count') }} as projected_value,
        {{ ratio_rate('hundredths_by_point', 'season_hundredths', 18) }} as seasonal_elapsed_rate,
        {{ ratio_rate(
            wide('actual_value') ~ ' * season_hundredths',
            wide('target_value') ~ ' * told_hundredths', 18
        ) }} as seasonal_pace_rate,
        {{ rd_ratio('actual_value', 'season_hundredths', 'told_hundredths') }}
            as seasonal_projected_value,
        {{ rd_ratio(
            'missing_value', 1, '(working_day_count - elapsed_working_day_count)'
        ) }} as required_per_working_day,
        is_partial,
        case
            when coalesce(target_value, 0) = 0 then 'no_target'
            when actual_value >= target_value then 'target_met'
            when is_vacant then 'vacant'
            when is_too_early then 'too_early'
            when is_on_pace then 'on_pace'
            else 'behind'
        end as status,
        currency_code
    from paced
)

select * from final
