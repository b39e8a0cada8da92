-- A failing row is a month whose regions, or whose tenant's own row, differ from the headline.
with

attainment as (
    select
        tenant,
        period_start as month,
        scope_kind,
        scope_id,
        max(actual_value) as actual_value
    from {{ ref('mart_attainment_by_scope_month') }}
    where scope_kind <> 'rep' and metric_id = 'won_amount' and period_type = 'month'
    group by
        tenant,
        period_start,
        scope_kind,
        scope_id
),

sums as (
    select
        tenant,
        month,
        sum(case when scope_kind = 'tenant' then actual_value end) as of_tenant,
        sum(case when scope_kind = 'region' then actual_value end) as of_regions
    from attainment
    group by
        tenant,
        month
)

select
    headline.tenant,
    headline.month,
    headline.won_amount,
    sums.of_tenant,
    sums.of_regions
from {{ ref('mart_headline_by_month') }} as headline
left join sums
    on headline.tenant = sums.tenant and headline.month = sums.month
where
    coalesce(headline.won_amount, 0) <> coalesce(sums.of_tenant, 0)
    or coalesce(headline.won_amount, 0) <> coalesce(sums.of_regions, 0)
