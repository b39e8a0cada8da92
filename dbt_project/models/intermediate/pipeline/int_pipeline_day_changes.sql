with

intervals as (
    select
        tenant,
        pipeline_id,
        stage_id,
        valid_from_date,
        valid_to_date,
        amount,
        close_date,
        currency_code
    from {{ ref('fct_opportunity_interval') }}
),

-- An open deal is past due from the day after its close date on.
spans as (
    select
        *,
        false as is_past_due,
        valid_from_date as from_date
    from intervals

    union all

    select
        *,
        true as is_past_due,
        case
            when close_date < valid_from_date then valid_from_date
            else {{ add_days('close_date', 1) }}
        end as from_date
    from intervals
    where
        close_date is not null
        and (valid_to_date is null or {{ add_days('close_date', 1) }} < valid_to_date)
),

-- What a span adds on its first day it takes away on the day after its last.
edges as (
    select
        spans.tenant,
        spans.pipeline_id,
        spans.stage_id,
        spans.currency_code,
        spans.is_past_due,
        case when edge.sign = 1 then spans.from_date else spans.valid_to_date end as day,
        edge.sign as deals,
        edge.sign * coalesce(spans.amount, 0) as amount,
        case when spans.amount is null then edge.sign else 0 end as unknown_amounts
    from spans
    cross join (values (1), (-1)) as edge (sign)
),

final as (
    select
        tenant,
        pipeline_id,
        stage_id,
        currency_code,
        day,
        sum(case when is_past_due then 0 else deals end) as open_deals,
        sum(case when is_past_due then 0 else amount end) as open_amount,
        sum(case when is_past_due then 0 else unknown_amounts end) as unknown_amounts,
        sum(case when is_past_due then deals else 0 end) as late_deals,
        sum(case when is_past_due then amount else 0 end) as late_amount,
        sum(case when is_past_due then unknown_amounts else 0 end) as late_unknown_amounts
    from edges
    where day <= {{ as_of_date() }}
    group by
        tenant,
        pipeline_id,
        stage_id,
        currency_code,
        day
)

select * from final
