with

won_days as (
    select
        tenant,
        'won_amount' as metric_id,
        closed_date as day,
        count(amount_at_close) as deal_count,
        sum(amount_at_close) as won_value
    from {{ ref('int_deals') }}
    where outcome = 'won'
    group by tenant, closed_date

    union all

    select
        tenant,
        'won_count' as metric_id,
        closed_date as day,
        count(*) as deal_count,
        count(*) as won_value
    from {{ ref('int_deals') }}
    where outcome = 'won' and pipeline_type = 'opportunity'
    group by tenant, closed_date
),

periods as (
    select * from {{ ref('int_target_periods') }}
    where calendar_id = '*' and period_type in ('month', 'quarter', 'year')
),

-- The day of the period a year before by which as much of it was over, in working days.
compared as (
    select
        periods.tenant,
        periods.period_type,
        periods.period_start,
        periods.working_day_count,
        earlier.period_start as earlier_start,
        earlier.last_date as earlier_last_date,
        (
            periods.elapsed_working_day_count * earlier.working_day_count
            + periods.working_day_count - 1
        ) // periods.working_day_count as point
    from periods
    inner join periods as earlier
        on
            periods.tenant = earlier.tenant
            and periods.period_type = earlier.period_type
            and {{ add_months('periods.period_start', '-12') }} = earlier.period_start
    where periods.working_day_count > 0 and periods.period_start <= {{ as_of_date() }}
),

numbered_days as (
    select
        compared.*,
        dates.day,
        sum(case when dates.is_working_day then 1 else 0 end) over (
            partition by compared.tenant, compared.period_type, compared.period_start
            order by dates.day
        ) as working_day_number
    from compared
    inner join {{ ref('dim_date') }} as dates
        on
            compared.tenant = dates.tenant
            and dates.day between compared.earlier_start and compared.earlier_last_date
),

summed as (
    select
        numbered_days.tenant,
        won_days.metric_id,
        numbered_days.period_type,
        numbered_days.period_start,
        numbered_days.working_day_count,
        sum(won_days.won_value) as season_value,
        sum(
            case
                when numbered_days.working_day_number <= numbered_days.point
                    then won_days.won_value
                else 0
            end
        ) as value_by_point
    from numbered_days
    inner join won_days
        on
            numbered_days.tenant = won_days.tenant
            and numbered_days.day = won_days.day
    group by
        numbered_days.tenant,
        won_days.metric_id,
        numbered_days.period_type,
        numbered_days.period_start,
        numbered_days.working_day_count
    having sum(won_days.deal_count) >= 10 and sum(won_days.won_value) > 0
),

-- Whole numbers, so that a product with an amount has no more places than the amount.
final as (
    select
        tenant,
        metric_id,
        period_type,
        period_start,
        working_day_count,
        cast({{ hundredths('value_by_point') }} as decimal(30, 0)) as hundredths_by_point,
        cast({{ hundredths('season_value') }} as decimal(30, 0)) as season_hundredths
    from summed
)

select * from final
