with

lost as (
    select
        tenant,
        pipeline_id,
        owner_source_id_at_close,
        closed_month,
        loss_reason
    from {{ ref('int_deals') }}
    where
        outcome = 'lost'
        and loss_reason is not null
        and owner_source_id_at_close is not null
),

by_month as (
    select
        tenant,
        pipeline_id,
        owner_source_id_at_close,
        closed_month,
        loss_reason,
        count(*) as lost_count
    from lost
    group by
        tenant,
        pipeline_id,
        owner_source_id_at_close,
        closed_month,
        loss_reason
),

close_months as (
    select distinct
        tenant,
        pipeline_id,
        owner_source_id_at_close,
        closed_month
    from lost
),

-- What each owner said in the twelve months that end with one in which he lost a deal.
said as (
    select
        close_months.tenant,
        close_months.pipeline_id,
        close_months.owner_source_id_at_close,
        close_months.closed_month,
        by_month.loss_reason,
        sum(by_month.lost_count) as reason_count
    from close_months
    inner join by_month
        on
            close_months.tenant = by_month.tenant
            and close_months.pipeline_id = by_month.pipeline_id
            and close_months.owner_source_id_at_close = by_month.owner_source_id_at_close
            and close_months.closed_month >= by_month.closed_month
            and by_month.closed_month > {{ add_months('close_months.closed_month', -12) }}
    group by
        close_months.tenant,
        close_months.pipeline_id,
        close_months.owner_source_id_at_close,
        close_months.closed_month,
        by_month.loss_reason
),

counted as (
    select
        *,
        sum(reason_count) over (
            partition by tenant, pipeline_id, owner_source_id_at_close, closed_month
        ) as known_count
    from said
),

final as (
    select
        tenant,
        pipeline_id,
        owner_source_id_at_close,
        closed_month,
        loss_reason
    from counted
    where known_count >= 5 and 5 * reason_count >= 4 * known_count
)

select * from final
