with

intervals as (
    select
        tenant,
        account_source_id,
        owner_source_id,
        valid_from_date,
        valid_to_date,
        light,
        open_deal_count
    from {{ ref('fct_account_light_interval') }}
),

-- What an interval adds on its first day it takes away on the day after its last.
edges as (
    select
        intervals.tenant,
        intervals.owner_source_id,
        case
            when edge.sign = 1 then intervals.valid_from_date
            else intervals.valid_to_date
        end as day,
        sum(case when intervals.light = 'red' then edge.sign else 0 end) as red_accounts,
        sum(case when intervals.light = 'yellow' then edge.sign else 0 end) as yellow_accounts,
        sum(case when intervals.light = 'green' then edge.sign else 0 end) as green_accounts,
        sum(case when intervals.open_deal_count > 0 then edge.sign else 0 end) as open_accounts
    from intervals
    cross join (values (1), (-1)) as edge (sign)
    where edge.sign = 1 or intervals.valid_to_date is not null
    group by
        intervals.tenant,
        intervals.owner_source_id,
        case
            when edge.sign = 1 then intervals.valid_from_date
            else intervals.valid_to_date
        end
),

updates as (
    select
        intervals.tenant,
        intervals.owner_source_id,
        touches.day,
        count(*) as updated_accounts
    from {{ ref('int_account_touches') }} as touches
    inner join intervals
        on
            touches.tenant = intervals.tenant
            and touches.account_source_id = intervals.account_source_id
            and touches.day >= intervals.valid_from_date
            and (intervals.valid_to_date is null or touches.day < intervals.valid_to_date)
    where intervals.open_deal_count > 0
    group by
        intervals.tenant,
        intervals.owner_source_id,
        touches.day
),

owners as (
    select
        tenant,
        owner_source_id,
        min(day) as first_day
    from edges
    group by
        tenant,
        owner_source_id
),

running as (
    select
        owners.tenant,
        days.day,
        owners.owner_source_id,
        days.is_working_day,
        coalesce(updates.updated_accounts, 0) as updated_accounts,
        sum(edges.red_accounts) over path as red_accounts,
        sum(edges.yellow_accounts) over path as yellow_accounts,
        sum(edges.green_accounts) over path as green_accounts,
        sum(edges.open_accounts) over path as open_accounts
    from owners
    inner join {{ ref('dim_date') }} as days
        on
            owners.tenant = days.tenant
            and owners.first_day <= days.day
            and days.day <= {{ as_of_date() }}
    left join edges
        on
            owners.tenant = edges.tenant
            and owners.owner_source_id is not distinct from edges.owner_source_id
            and days.day = edges.day
    left join updates
        on
            owners.tenant = updates.tenant
            and owners.owner_source_id is not distinct from updates.owner_source_id
            and days.day = updates.day
    window path as (partition by owners.tenant, owners.owner_source_id order by days.day)
),

final as (
    select
        tenant,
        day as as_of_date,
        owner_source_id,
        cast(red_accounts as bigint) as red_follow_up_count,
        cast(yellow_accounts as bigint) as yellow_negotiating_count,
        cast(green_accounts as bigint) as green_won_count,
        cast(open_accounts as bigint) as open_account_count,
        updated_accounts as updated_account_count,
        {{ ratio_rate('updated_accounts', 'open_accounts') }} as update_compliance_rate,
        is_working_day
    from running
    where red_accounts + yellow_accounts + green_accounts > 0
)

select * from final
