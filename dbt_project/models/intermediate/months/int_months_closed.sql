with

opportunities as (
    select
        tenant,
        closed_month,
        closed_date,
        amount,
        currency_code,
        is_won,
        coalesce(pipeline_type = 'opportunity', false) as is_new_business
    from {{ ref('fct_opportunity') }}
    where is_closed and closed_at < {{ as_of_at() }}
),

tenants as (
    select
        tenant,
        currency_code
    from {{ ref('dim_tenant') }}
),

final as (
    select
        opportunities.tenant,
        opportunities.closed_month as month,
        count(
            case when opportunities.is_won and opportunities.is_new_business then 1 end
        ) as won_count,
        count(
            case when not opportunities.is_won and opportunities.is_new_business then 1 end
        ) as lost_count,
        count(
            case when opportunities.is_won and not opportunities.is_new_business then 1 end
        ) as other_type_won_count,
        count(
            case when not opportunities.is_won and not opportunities.is_new_business then 1 end
        ) as other_type_lost_count,
        cast(
            sum(
                case
                    when opportunities.is_won
                        then {{ rd_rate('opportunities.amount', 'plan_rates.rate') }}
                end
            ) as decimal(18, 2)
        ) as won_amount
    from opportunities
    left join tenants
        on opportunities.tenant = tenants.tenant
    {{ join_plan_rate(
        'opportunities.currency_code', 'tenants.currency_code', 'opportunities.closed_date'
    ) }}
    group by
        opportunities.tenant,
        opportunities.closed_month
)

select * from final
