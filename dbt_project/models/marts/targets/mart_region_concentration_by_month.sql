with

regions as (
    select
        tenant,
        period_start as month,
        actual_value as amount,
        {{ hundredths('actual_value') }} as cents,
        currency_code,
        row_number() over (
            partition by tenant, period_start order by actual_value
        ) as place,
        count(*) over (partition by tenant, period_start) as region_count,
        min(actual_value) over (partition by tenant, period_start) as lowest_amount
    from {{ ref('int_won_by_scope_period') }}
    where
        scope_kind = 'region' and metric_id = 'won_amount' and period_type = 'month'
        and actual_value is not null
),

-- Without a divisor there is no share: of a month with a negative region it would mislead.
summed as (
    select
        tenant,
        month,
        currency_code,
        region_count,
        cast(sum(amount) as decimal(18, 2)) as total_amount,
        case when lowest_amount >= 0 then sum(cents) end as divisor,
        sum(case when place > region_count - 3 then cents else 0 end) as top3_cents,
        sum(case when place <= 2 then cents else 0 end) as bottom2_cents,
        sum(cents * cents) as squares,
        sum((2 * place - region_count - 1) * cents) as spread
    from regions
    group by
        tenant,
        month,
        currency_code,
        region_count,
        lowest_amount
),

rated as (
    select
        tenant,
        month,
        region_count,
        total_amount,
        {{ whole_ratio_rate('top3_cents', 'divisor') }} as top3_share_rate,
        {{ whole_ratio_rate('bottom2_cents', 'divisor') }} as bottom2_share_rate,
        {{ whole_ratio_rate('squares', '(divisor * divisor)') }} as herfindahl_rate,
        {{ whole_ratio_rate('spread', '(region_count * divisor)') }} as gini_rate,
        region_count >= 5 as is_meaningful,
        currency_code
    from summed
),

final as (
    select
        tenant,
        month,
        region_count,
        total_amount,
        top3_share_rate,
        bottom2_share_rate,
        herfindahl_rate,
        gini_rate,
        is_meaningful,
        coalesce(is_meaningful and top3_share_rate >= 0.6 and bottom2_share_rate < 0.15, false)
            as is_alert,
        currency_code
    from rated
)

select * from final
