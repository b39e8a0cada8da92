with

created as (
    select
        tenant,
        pipeline_id,
        segment_kind,
        segment_id,
        created_month,
        outcome,
        is_qualified,
        amount_at_created,
        currency_code
    from {{ ref('int_deal_segments') }}
),

counted as (
    select
        tenant,
        pipeline_id,
        segment_kind,
        segment_id,
        created_month,
        count(*) as created_count,
        count(case when outcome = 'won' then 1 end) as won_count,
        count(case when outcome = 'lost' then 1 end) as lost_count,
        count(case when outcome = 'disqualified' then 1 end) as disqualified_count,
        count(case when outcome = 'open' then 1 end) as open_count,
        cast(sum(amount_at_created) as decimal(18, 2)) as created_amount,
        cast(sum(case when outcome = 'won' then amount_at_created end) as decimal(18, 2))
            as won_amount,
        count(case when is_qualified then 1 end) as qualified_created_count,
        count(case when outcome = 'won' and is_qualified then 1 end) as qualified_won_count,
        currency_code
    from created
    group by
        tenant,
        pipeline_id,
        segment_kind,
        segment_id,
        created_month,
        currency_code
),

-- What nobody won is worth nothing; what was won at an unknown price is unknown.
valued as (
    select
        *,
        case when won_count = 0 then 0 else won_amount end as won_value
    from counted
),

final as (
    select
        tenant,
        pipeline_id,
        segment_kind,
        segment_id,
        created_month,
        created_count,
        won_count,
        lost_count,
        disqualified_count,
        open_count,
        {{ ratio_rate('won_count', 'created_count') }} as won_by_created_rate,
        {{ wilson_low('won_count', 'created_count') }} as won_by_created_rate_low,
        {{ wilson_high('won_count', 'created_count') }} as won_by_created_rate_high,
        created_amount,
        won_amount,
        {{ ratio_rate('won_value', 'created_amount') }} as won_by_created_value_rate,
        open_count * 20 < created_count as is_mature,
        qualified_created_count,
        created_count - qualified_created_count as unqualified_created_count,
        qualified_won_count,
        {{ ratio_rate('qualified_won_count', 'qualified_created_count') }}
            as qualified_won_by_created_rate,
        currency_code
    from valued
)

select * from final
