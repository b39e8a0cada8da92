with

deals as (
    select
        opportunity_key,
        tenant,
        pipeline_id,
        closed_month,
        new_or_repeat,
        outcome,
        created_at,
        closed_at
    from {{ ref('int_deals') }}
    where outcome in ('won', 'lost')
),

stays as (
    select
        opportunity_key,
        stage_id,
        entered_at,
        left_at
    from {{ ref('fct_stage_interval') }}
    where opportunity_key is not null
),

-- A stay counts as far as it lies between the creation of its deal and the close.
spans as (
    select
        deals.opportunity_key,
        stays.stage_id,
        stays.entered_at,
        {{ seconds_between(
            'greatest(stays.entered_at, deals.created_at)',
            'least(coalesce(stays.left_at, deals.closed_at), deals.closed_at)'
        ) }} as seconds
    from deals
    inner join stays
        on deals.opportunity_key = stays.opportunity_key
),

ranked as (
    select
        *,
        row_number() over (
            partition by opportunity_key, stage_id order by entered_at desc
        ) as rank_from_last
    from spans
    where seconds > 0
),

stages as (
    select
        opportunity_key,
        stage_id,
        cast(sum(seconds) as bigint) as seconds,
        max(case when rank_from_last = 1 then seconds end) as latest_seconds
    from ranked
    group by opportunity_key, stage_id
),

cycles as (
    select
        deals.opportunity_key,
        case
            when deals.closed_at >= deals.created_at
                then {{ seconds_between('deals.created_at', 'deals.closed_at') }}
        end as seconds,
        cast(coalesce(sum(stages.seconds), 0) as bigint) as attributed_seconds
    from deals
    left join stages
        on deals.opportunity_key = stages.opportunity_key
    group by deals.opportunity_key, deals.created_at, deals.closed_at
),

parts as (
    select
        opportunity_key,
        stage_id,
        seconds,
        latest_seconds
    from stages

    union all

    select
        opportunity_key,
        '(cycle)' as stage_id,
        seconds,
        seconds as latest_seconds
    from cycles

    union all

    select
        opportunity_key,
        '(unattributed)' as stage_id,
        seconds - attributed_seconds as seconds,
        seconds - attributed_seconds as latest_seconds
    from cycles
),

final as (
    select
        parts.opportunity_key,
        deals.tenant,
        deals.pipeline_id,
        deals.closed_month,
        deals.new_or_repeat,
        deals.outcome,
        parts.stage_id,
        parts.seconds,
        parts.latest_seconds
    from parts
    inner join deals
        on parts.opportunity_key = deals.opportunity_key
)

select * from final
