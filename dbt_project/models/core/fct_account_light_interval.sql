with

days as (
    select
        tenant,
        account_source_id,
        day,
        light,
        owner_source_id,
        red_deal_count,
        yellow_deal_count,
        green_deal_count,
        open_deal_count
    from {{ ref('int_account_lights') }}
),

compared as (
    select
        *,
        lag(light) over path as last_light,
        lag(owner_source_id) over path as last_owner_source_id,
        lag(red_deal_count) over path as last_red_deal_count,
        lag(yellow_deal_count) over path as last_yellow_deal_count,
        lag(green_deal_count) over path as last_green_deal_count,
        lag(open_deal_count) over path as last_open_deal_count
    from days
    window path as (partition by tenant, account_source_id order by day)
),

changed as (
    select *
    from compared
    where
        light is distinct from last_light
        or owner_source_id is distinct from last_owner_source_id
        or red_deal_count is distinct from last_red_deal_count
        or yellow_deal_count is distinct from last_yellow_deal_count
        or green_deal_count is distinct from last_green_deal_count
        or open_deal_count is distinct from last_open_deal_count
),

spans as (
    select
        *,
        lead(day) over path as next_day,
        max(case when light is distinct from last_light then day end) over (
            partition by tenant, account_source_id
            order by day
            rows between unbounded preceding and current row
        ) as light_since_date
    from changed
    window path as (partition by tenant, account_source_id order by day)
),

-- A colour never stands alone: not everybody can tell red from green.
final as (
    select
        tenant,
        account_source_id,
        day as valid_from_date,
        next_day as valid_to_date,
        light,
        case light
            when 'red' then 'follow_up'
            when 'yellow' then 'negotiating'
            when 'green' then 'won'
        end as light_code,
        light_since_date,
        owner_source_id,
        red_deal_count,
        yellow_deal_count,
        green_deal_count,
        open_deal_count
    from spans
    where light is not null
)

select * from final
