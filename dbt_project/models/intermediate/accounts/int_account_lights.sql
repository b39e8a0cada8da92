with

held as (
    select * from {{ ref('int_account_holdings') }}
),

counted as (
    select
        tenant,
        account_source_id,
        day,
        sum(red_deals) as red_deal_count,
        sum(yellow_deals) as yellow_deal_count,
        sum(green_deals) as green_deal_count,
        sum(open_deals) as open_deal_count,
        count(*) as owner_count,
        max(owner_source_id) as only_owner_source_id
    from held
    group by
        tenant,
        account_source_id,
        day
),

lit as (
    select
        *,
        case
            when red_deal_count > 0 then 'red'
            when yellow_deal_count > 0 then 'yellow'
            when green_deal_count > 0 then 'green'
        end as light
    from counted
),

shared as (
    select
        lit.tenant,
        lit.account_source_id,
        lit.day,
        held.owner_source_id,
        case lit.light
            when 'red' then held.red_deals
            when 'yellow' then held.yellow_deals
            else held.green_deals
        end as deals_of_light
    from lit
    inner join held
        on
            lit.tenant = held.tenant
            and lit.account_source_id = held.account_source_id
            and lit.day = held.day
    where lit.owner_count > 1
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
    from shared
),

final as (
    select
        lit.tenant,
        lit.account_source_id,
        lit.day,
        lit.light,
        case
            when lit.light is null then null
            when lit.owner_count = 1 then lit.only_owner_source_id
            else ranked.owner_source_id
        end as owner_source_id,
        cast(lit.red_deal_count as bigint) as red_deal_count,
        cast(lit.yellow_deal_count as bigint) as yellow_deal_count,
        cast(lit.green_deal_count as bigint) as green_deal_count,
        cast(lit.open_deal_count as bigint) as open_deal_count
    from lit
    left join ranked
        on
            lit.tenant = ranked.tenant
            and lit.account_source_id = ranked.account_source_id
            and lit.day = ranked.day
            and ranked.owner_rank = 1
)

select * from final
