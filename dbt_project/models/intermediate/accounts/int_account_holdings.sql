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

final as (
    select
        days.tenant,
        days.account_source_id,
        days.day,
        owners.owner_source_id,
        cast(sum(coalesce(edges.red_deals, 0)) over path as bigint) as red_deals,
        cast(sum(coalesce(edges.yellow_deals, 0)) over path as bigint) as yellow_deals,
        cast(sum(coalesce(edges.green_deals, 0)) over path as bigint) as green_deals,
        cast(sum(coalesce(edges.open_deals, 0)) over path as bigint) as open_deals
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
)

select * from final
