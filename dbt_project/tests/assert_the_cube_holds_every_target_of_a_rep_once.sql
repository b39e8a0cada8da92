-- A failing row is a month whose targets, or variances to them, in the cube are not those of its
-- reps: one is counted twice or not at all.
with

versions as (
    select
        tenant,
        period_start as month,
        target_value,
        gap_value,
        row_number() over (
            partition by tenant, scope_id, period_start order by version desc
        ) as version_rank
    from {{ ref('mart_attainment_by_scope_month') }}
    where scope_kind = 'rep' and metric_id = 'won_amount' and period_type = 'month'
),

counted as (
    select
        tenant,
        month,
        target_value,
        gap_value
    from versions
    where version_rank = 1

    union all

    select
        tenant,
        close_month as month,
        -target_amount as target_value,
        -vs_target_amount as gap_value
    from {{ ref('mart_sales_cube_by_month') }}
)

select
    tenant,
    month
from counted
group by
    tenant,
    month
having
    coalesce(sum(target_value), 0) <> 0
    or coalesce(sum(gap_value), 0) <> 0
