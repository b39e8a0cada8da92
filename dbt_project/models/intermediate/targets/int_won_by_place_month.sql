with

-- Signed for more than a year: what such a deal is worth is of all its years.
multi_year_deals as (
    select distinct
        source_tenant as tenant,
        opportunity_reference
    from {{ ref('int_contracts__unioned') }}
    where
        not is_deleted
        and signed_at is not null
        and cast(ends_at as date) > {{ add_months('cast(starts_at as date)', '12') }}
),

deals as (
    select
        won.*,
        won.pipeline_type = 'opportunity' as is_new_business,
        multi_year_deals.tenant is not null as is_multi_year
    from {{ ref('int_deals') }} as won
    left join multi_year_deals
        on
            won.tenant = multi_year_deals.tenant
            and won.opportunity_source_id = multi_year_deals.opportunity_reference
    where won.outcome = 'won'
),

final as (
    select
        tenant,
        region,
        employee_number,
        closed_month,
        currency_code,
        count(case when is_new_business then 1 end) as won_count,
        count(case when is_new_business and is_qualified then 1 end) as qualified_won_count,
        count(case when is_new_business and is_multi_year then 1 end) as multi_year_won_count,
        max(case when is_qualified then 1 else 0 end) as has_qualified,
        max(case when is_multi_year then 1 else 0 end) as has_multi_year,
        sum(amount_at_close) as won_amount,
        sum(case when is_qualified then amount_at_close end) as qualified_won_amount,
        sum(case when is_multi_year then amount_at_close end) as multi_year_won_amount
    from deals
    group by
        tenant,
        region,
        employee_number,
        closed_month,
        currency_code
)

select * from final
