with

clocks as (
    select * from {{ ref('int_timeline_clocks') }}
),

-- The quarter before runs on the same days, as far as this one has come.
laid as (
    select
        *,
        cast(0 as decimal(18, 2)) as previous_value
    from clocks

    union all

    select
        tenant,
        clock,
        metric_id,
        scope_kind,
        scope_id,
        {{ add_months('started_date', 3) }} as started_date,
        clock_day,
        0 as event_count,
        cast(0 as decimal(18, 2)) as value,
        entered_count,
        currency_code,
        value as previous_value
    from clocks
    where
        clock = 'quarter'
        and {{ add_days(add_months('started_date', 3), 'clock_day') }} <= {{ as_of_date() }}
        and {{ add_days(add_months('started_date', 3), 'clock_day') }}
        < {{ add_months('started_date', 6) }}
),

summed as (
    select
        tenant,
        clock,
        metric_id,
        scope_kind,
        scope_id,
        started_date,
        clock_day,
        currency_code,
        sum(event_count) as event_count,
        sum(value) as value,
        sum(previous_value) as previous_value,
        max(entered_count) as entered_count
    from laid
    group by
        tenant,
        clock,
        metric_id,
        scope_kind,
        scope_id,
        started_date,
        clock_day,
        currency_code
),

running as (
    select
        *,
        sum(value) over run as running_value,
        sum(previous_value) over run as previous_running_value
    from summed
    window
        run as (
            partition by tenant, clock, metric_id, scope_kind, scope_id, started_date
            order by clock_day
        )
),

final as (
    select
        running.tenant,
        running.clock,
        running.metric_id,
        running.scope_kind,
        running.scope_id,
        running.started_date,
        running.clock_day,
        cast(running.event_count as bigint) as event_count,
        cast(running.value as decimal(18, 2)) as value,
        cast(running.running_value as decimal(18, 2)) as running_value,
        case
            when running.clock = 'quarter'
                then cast(running.previous_running_value as decimal(18, 2))
        end as previous_running_value,
        running.entered_count,
        {{ ratio_rate('running.running_value', 'running.entered_count') }} as running_rate,
        case
            when
                running.metric_id = 'advance_count'
                and running.started_date < histories.moves_from_date
                then 'moves_missing'
            when
                running.scope_kind in ('region', 'rep')
                and running.metric_id <> 'won_amount'
                and coalesce(running.started_date < histories.owners_from_date, true)
                then 'owners_assumed'
            else 'recorded'
        end as history_state,
        running.currency_code
    from running
    left join {{ ref('int_timeline_histories') }} as histories
        on running.tenant = histories.tenant
)

select * from final
