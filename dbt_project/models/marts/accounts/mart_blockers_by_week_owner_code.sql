with

looks as (
    select
        blocker_key,
        opportunity_key,
        tenant,
        account_source_id,
        owner_source_id,
        blocker_code,
        week_start_date,
        look_date,
        is_open,
        is_without_action,
        age_days
    from {{ ref('int_blocker_looks') }}
),

deals as (
    select
        opportunity_key,
        valid_from_date as valid_from,
        valid_to_date as valid_to,
        owner_source_id,
        amount,
        currency_code
    from {{ ref('fct_opportunity_interval') }}
),

red_accounts as (
    select
        tenant,
        account_source_id,
        valid_from_date as valid_from,
        valid_to_date as valid_to
    from {{ ref('fct_account_light_interval') }}
    where light = 'red'
),

blocked as (
    select
        looks.tenant,
        looks.week_start_date,
        coalesce(looks.owner_source_id, deals.owner_source_id) as owner_source_id,
        looks.blocker_code,
        looks.opportunity_key,
        looks.blocker_key,
        looks.is_open,
        looks.is_without_action,
        looks.age_days,
        deals.amount,
        deals.currency_code
    from looks
    inner join deals
        on
            looks.opportunity_key = deals.opportunity_key
            and {{ is_valid_on('looks.look_date', 'deals') }}
    inner join red_accounts
        on
            looks.tenant = red_accounts.tenant
            and looks.account_source_id = red_accounts.account_source_id
            and {{ is_valid_on('looks.look_date', 'red_accounts') }}
),

-- A deal that one code blocks twice has its amount once.
placed as (
    select
        *,
        row_number() over (
            partition by
                tenant, week_start_date, owner_source_id, blocker_code, is_open, opportunity_key
            order by blocker_key
        ) as number_of_deal
    from blocked
),

final as (
    select
        tenant,
        week_start_date,
        owner_source_id,
        blocker_code,
        count(case when is_open then 1 end) as open_count,
        count(case when is_open and number_of_deal = 1 then 1 end) as blocked_deal_count,
        cast(
            sum(case when is_open and number_of_deal = 1 then amount end) as decimal(18, 2)
        ) as blocked_amount,
        {{ percentile('case when is_open then age_days end', 50) }} as median_age_days,
        count(case when not is_open then 1 end) as resolved_count,
        count(case when not is_open and is_without_action then 1 end)
            as resolved_without_action_count,
        currency_code
    from placed
    group by
        tenant,
        week_start_date,
        owner_source_id,
        blocker_code,
        currency_code
)

select * from final
