with

movements as (
    select
        tenant,
        pipeline_id,
        week_start_date,
        movement,
        deal_count,
        amount,
        currency_code
    from {{ ref('int_pipeline_movements') }}
),

pipelines as (
    select
        tenant,
        pipeline_id,
        currency_code,
        min(week_start_date) as first_week_start_date
    from movements
    group by
        tenant,
        pipeline_id,
        currency_code
),

week_changes as (
    select
        tenant,
        pipeline_id,
        week_start_date,
        sum(
            case
                when movement in ('new', 'reopened') then deal_count
                when movement in ('won', 'lost', 'disqualified') then -deal_count
                else 0
            end
        ) as deal_count,
        sum(amount) as amount
    from movements
    group by
        tenant,
        pipeline_id,
        week_start_date
),

-- A week closes with everything that came and went up to its end, and opens the next.
closings as (
    select
        pipelines.tenant,
        pipelines.pipeline_id,
        days.day as week_start_date,
        pipelines.currency_code,
        coalesce(week_changes.deal_count, 0) as deal_change,
        coalesce(week_changes.amount, 0) as amount_change,
        sum(week_changes.deal_count) over path as deal_count,
        sum(week_changes.amount) over path as amount
    from pipelines
    inner join {{ ref('int_days') }} as days
        on
            pipelines.first_week_start_date <= days.day
            and days.day = {{ week_of('days.day') }}
    left join week_changes
        on
            pipelines.tenant = week_changes.tenant
            and pipelines.pipeline_id = week_changes.pipeline_id
            and days.day = week_changes.week_start_date
    window path as (
        partition by pipelines.tenant, pipelines.pipeline_id order by days.day
    )
),

unioned as (
    select
        tenant,
        pipeline_id,
        week_start_date,
        movement,
        deal_count,
        amount,
        currency_code
    from movements

    union all

    select
        closings.tenant,
        closings.pipeline_id,
        closings.week_start_date,
        bound.movement,
        closings.deal_count - bound.share * closings.deal_change as deal_count,
        closings.amount - bound.share * closings.amount_change as amount,
        closings.currency_code
    from closings
    cross join (values ('opening', 1), ('closing', 0)) as bound (movement, share)
),

final as (
    select
        tenant,
        pipeline_id,
        week_start_date,
        movement,
        cast(deal_count as bigint) as deal_count,
        cast(amount as decimal(18, 2)) as amount,
        currency_code
    from unioned
    where deal_count > 0
)

select * from final
