-- A failing row is a month whose lines and what they differ by do not make up what was won in it.
with

cube as (
    select
        tenant,
        close_month as month,
        sum(coalesce(net_amount, 0) + line_deal_difference_amount) as won_amount
    from {{ ref('mart_sales_cube_by_month') }}
    group by
        tenant,
        close_month
),

headline as (
    select
        tenant,
        month,
        won_amount
    from {{ ref('mart_headline_by_month') }}
)

select
    headline.tenant,
    headline.month
from headline
left join cube
    on
        headline.tenant = cube.tenant
        and headline.month = cube.month
where coalesce(headline.won_amount, 0) <> coalesce(cube.won_amount, 0)
