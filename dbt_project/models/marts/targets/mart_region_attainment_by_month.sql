with

regions as (
    select
        *,
        sum(gap_value) over (partition by tenant, period_start) as team_gap_value
    from {{ ref('mart_attainment_by_scope_month') }}
    where
        scope_kind = 'region' and metric_id = 'won_amount' and period_type = 'month'
        and is_latest_version
),

final as (
    select
        tenant,
        scope_id as region,
        period_start as month,
        actual_value as actual_amount,
        target_value as target_amount,
        attainment_rate,
        gap_value as gap_amount,
        cast(attainment_rate - 1 as decimal(18, 6)) as gap_points,
        cast(team_gap_value as decimal(18, 2)) as team_gap_amount,
        {{ ratio_rate('gap_value', 'team_gap_value', 18) }} as share_of_team_gap_rate,
        currency_code
    from regions
)

select * from final
