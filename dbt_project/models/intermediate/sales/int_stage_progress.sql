with

stays as (
    select
        tenant,
        case_id,
        stay_number,
        opportunity_key,
        pipeline_id,
        stage_id,
        stage_order,
        stage_kind,
        is_latest,
        is_qualified,
        currency_code
    from {{ ref('fct_stage_interval') }}
),

deals as (
    select
        opportunity_key,
        amount_at_as_of
    from {{ ref('int_deals') }}
),

steps as (
    select
        stays.tenant,
        stays.pipeline_id,
        stays.stage_id,
        stays.stage_order,
        {{ is_counted('stays.stage_kind') }} as is_counted,
        stays.is_latest,
        stays.is_qualified,
        max(case when {{ is_counted('stays.stage_kind') }} then stays.stage_order end) over (
            partition by stays.tenant, stays.case_id
            order by stays.stay_number
            rows between unbounded preceding and 1 preceding
        ) as furthest_order_before,
        max(
            case when stays.is_latest and {{ is_lost('stays.stage_kind') }} then 1 else 0 end
        ) over (partition by stays.tenant, stays.case_id) = 1 as is_lost,
        deals.amount_at_as_of as amount,
        stays.currency_code
    from stays
    left join deals
        on stays.opportunity_key = deals.opportunity_key
),

final as (
    select
        tenant,
        pipeline_id,
        stage_id,
        stage_order,
        furthest_order_before,
        is_counted,
        is_latest,
        is_qualified,
        currency_code,
        count(*) as case_count,
        count(case when is_lost then 1 end) as lost_count,
        cast(sum(amount) as decimal(18, 2)) as amount
    from steps
    group by
        tenant,
        pipeline_id,
        stage_id,
        stage_order,
        furthest_order_before,
        is_counted,
        is_latest,
        is_qualified,
        currency_code
)

select * from final
