with

edges as (
    select * from {{ ref('int_account_light_edges') }}
),

days as (
    select
        tenant,
        account_source_id,
        day
    from edges
    group by
        tenant,
        account_source_id,
        day
),

owners as (
    select
        tenant,
        account_source_id,
        owner_source_id
    from edges
    group by
        tenant,
        account_source_id,
        owner_source_id
),

-- On each day on which a deal of the account changes, what each of its owners holds of it.
held as (
    select
        days.tenant,
        days.account_source_id,
        days.day,
        owners.owner_source_id,
        sum(coalesce(edges.red_deals, 0)) over path as red_deals,
        sum(coalesce(edges.yellow_deals, 0)) over path as yellow_deals,
        sum(coalesce(edges.green_deals, 0)) over path as green_deals,
        sum(coalesce(edges.open_deals, 0)) over path as open_deals
    from days
    inner join owners
        on
            days.tenant = owners.tenant
            and days.account_source_id = owners.account_source_id
    left join edges
        on
            days.tenant = edges.tenant
            and days.account_source_id = edges.account_source_id
            and days.day = edges.day
            and owners.owner_source_id is not distinct from edges.owner_source_id
    window
        path as (
            partition by days.tenant, days.account_source_id, owners.owner_source_id
            order by days.day
        )
),

counted as (
    select
        *,
        sum(red_deals) over account_day as red_deal_count,
        sum(yellow_deals) over account_day as yellow_deal_count,
        sum(green_deals) over account_day as green_deal_count,
        sum(open_deals) over account_day as open_deal_count
    from held
    window account_day as (partition by tenant, account_source_id, day)
),

lit as (
    select
        *,
        case
            when red_deal_count > 0 then 'red'
            when yellow_deal_count > 0 then 'yellow'
            when green_deal_count > 0 then 'green'
        end as light,
        case
            when red_deal_count > 0 then red_deals
            when yellow_deal_count > 0 then yellow_deals
            else green_deals
        end as deals_of_light
    from counted
),

-- Nobody owns an account only when nobody owns any of its deals of that light.
ranked as (
    select
        *,
        row_number() over (
            partition by tenant, account_source_id, day
            order by
                case when deals_of_light > 0 and owner_source_id is not null then 1 else 2 end asc,
                deals_of_light desc,
                owner_source_id asc
        ) as owner_rank
    from lit
),

final as (
    select
        tenant,
        account_source_id,
        day,
        light,
        case when light is not null then owner_source_id end as owner_source_id,
        cast(red_deal_count as bigint) as red_deal_count,
        cast(yellow_deal_count as bigint) as yellow_deal_count,
        cast(green_deal_count as bigint) as green_deal_count,
        cast(open_deal_count as bigint) as open_deal_count
    from ranked
    where owner_rank = 1
)

select * from final
