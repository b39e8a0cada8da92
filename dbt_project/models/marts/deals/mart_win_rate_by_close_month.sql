with

closed as (
    select
        tenant,
        pipeline_id,
        segment_kind,
        segment_id,
        closed_month as close_month,
        outcome,
        is_qualified,
        amount_at_close,
        currency_code
    from {{ ref('int_deal_segments') }}
    where outcome <> 'open'
),

months as (
    select
        pipeline_id,
        month,
        pipeline_type,
        process_version,
        is_comparable
    from {{ ref('int_pipeline_months') }}
),

counted as (
    select
        tenant,
        pipeline_id,
        segment_kind,
        segment_id,
        close_month,
        count(case when outcome = 'won' then 1 end) as won_count,
        count(case when outcome = 'lost' then 1 end) as lost_count,
        count(case when outcome = 'disqualified' then 1 end) as disqualified_count,
        cast(sum(case when outcome = 'won' then amount_at_close end) as decimal(18, 2))
            as won_amount,
        cast(sum(case when outcome = 'lost' then amount_at_close end) as decimal(18, 2))
            as lost_amount,
        count(case when outcome = 'lost' and coalesce(amount_at_close, 0) = 0 then 1 end)
            as lost_without_amount_count,
        count(case when outcome = 'won' and is_qualified then 1 end) as qualified_won_count,
        count(case when outcome = 'lost' and is_qualified then 1 end) as qualified_lost_count,
        cast(
            sum(case when outcome = 'won' and is_qualified then amount_at_close end)
            as decimal(18, 2)
        ) as qualified_won_amount,
        cast(
            sum(case when outcome = 'won' and not is_qualified then amount_at_close end)
            as decimal(18, 2)
        ) as unqualified_won_amount,
        currency_code
    from closed
    group by
        tenant,
        pipeline_id,
        segment_kind,
        segment_id,
        close_month,
        currency_code
),

-- What nobody won or lost is worth nothing; what was won or lost at an unknown price is unknown.
valued as (
    select
        *,
        case when won_count = 0 then 0 else won_amount end as won_value,
        case when lost_count = 0 then 0 else lost_amount end as lost_value
    from counted
),

dated as (
    select
        valued.*,
        coalesce(months.pipeline_type, 'opportunity') as pipeline_type,
        months.process_version,
        coalesce(months.is_comparable, false) as is_comparable
    from valued
    left join months
        on
            valued.pipeline_id = months.pipeline_id
            and valued.close_month = months.month
),

final as (
    select
        tenant,
        pipeline_id,
        segment_kind,
        segment_id,
        close_month,
        pipeline_type,
        process_version,
        is_comparable,
        won_count,
        lost_count,
        disqualified_count,
        {{ ratio_rate('won_count', '(won_count + lost_count)') }} as win_rate_by_count,
        {{ wilson_low('won_count', '(won_count + lost_count)') }} as win_rate_low,
        {{ wilson_high('won_count', '(won_count + lost_count)') }} as win_rate_high,
        won_amount,
        lost_amount,
        {{ ratio_rate('won_value', '(won_value + lost_value)') }} as win_rate_by_value,
        lost_without_amount_count,
        lost_without_amount_count * 10 <= lost_count as is_value_rate_meaningful,
        qualified_won_count,
        won_count - qualified_won_count as unqualified_won_count,
        qualified_lost_count,
        lost_count - qualified_lost_count as unqualified_lost_count,
        qualified_won_amount,
        unqualified_won_amount,
        {{ ratio_rate('qualified_won_count', '(qualified_won_count + qualified_lost_count)') }}
            as qualified_win_rate_by_count,
        currency_code
    from dated
)

select * from final
