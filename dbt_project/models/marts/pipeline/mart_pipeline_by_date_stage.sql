with

day_changes as (
    select
        tenant,
        pipeline_id,
        stage_id,
        currency_code,
        day,
        open_deals,
        open_amount,
        unknown_amounts,
        late_deals,
        late_amount,
        late_unknown_amounts
    from {{ ref('int_pipeline_day_changes') }}
),

stages as (
    select
        tenant,
        pipeline_id,
        stage_id,
        currency_code,
        min(day) as first_day
    from day_changes
    group by
        tenant,
        pipeline_id,
        stage_id,
        currency_code
),

running as (
    select
        stages.tenant,
        stages.pipeline_id,
        days.day as as_of_date,
        stages.stage_id,
        stages.currency_code,
        sum(day_changes.open_deals) over path as open_count,
        sum(day_changes.open_amount) over path as open_amount,
        sum(day_changes.unknown_amounts) over path as unknown_amount_count,
        sum(day_changes.late_deals) over path as past_due_count,
        sum(day_changes.late_amount) over path as past_due_amount,
        sum(day_changes.late_unknown_amounts) over path as past_due_unknown_count
    from stages
    inner join {{ ref('int_days') }} as days
        on stages.first_day <= days.day
    left join day_changes
        on
            stages.tenant = day_changes.tenant
            and stages.pipeline_id = day_changes.pipeline_id
            and stages.stage_id = day_changes.stage_id
            and days.day = day_changes.day
    window path as (
        partition by stages.tenant, stages.pipeline_id, stages.stage_id order by days.day
    )
),

final as (
    select
        tenant,
        pipeline_id,
        as_of_date,
        stage_id,
        cast(open_count as bigint) as open_count,
        cast(case when open_count > unknown_amount_count then open_amount end as decimal(18, 2))
            as open_amount,
        cast(unknown_amount_count as bigint) as unknown_amount_count,
        cast(past_due_count as bigint) as past_due_count,
        cast(
            case when past_due_count > past_due_unknown_count then past_due_amount end
            as decimal(18, 2)
        ) as past_due_amount,
        currency_code
    from running
    where open_count > 0
)

select * from final
