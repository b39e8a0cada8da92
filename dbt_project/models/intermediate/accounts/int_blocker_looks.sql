{{ config(materialized='view') }}

with

deals as (
    select
        opportunity_key,
        tenant,
        opportunity_source_id,
        customer_source_id
    from {{ ref('int_deals') }}
),

tenants as (
    select
        tenant,
        reporting_timezone
    from {{ ref('dim_tenant') }}
),

blockers as (
    select
        blockers.blocker_key,
        deals.opportunity_key,
        deals.tenant,
        deals.customer_source_id as account_source_id,
        blockers.owner_source_id,
        blockers.blocker_code,
        coalesce(trim(blockers.action), '') = '' as is_without_action,
        blockers.opened_at,
        {{ to_reporting_date('blockers.opened_at', 'tenants.reporting_timezone') }} as opened_date,
        case when blockers.resolved_at < {{ as_of_at() }} then blockers.resolved_at end
            as resolved_at,
        case
            when blockers.resolved_at < {{ as_of_at() }}
                then {{ to_reporting_date('blockers.resolved_at', 'tenants.reporting_timezone') }}
        end as resolved_date
    from {{ ref('int_blockers__unioned') }} as blockers
    inner join deals
        on
            blockers.source_tenant = deals.tenant
            and blockers.opportunity_source_id = deals.opportunity_source_id
    left join tenants
        on blockers.source_tenant = tenants.tenant
    where not blockers.is_deleted and blockers.opened_at < {{ as_of_at() }}
),

weeks as (
    select
        {{ week_of('day') }} as week_start_date,
        max(day) as last_day
    from {{ ref('int_days') }}
    group by {{ week_of('day') }}
),

-- At the end of each week what blocks then, and once what was resolved, on the day before.
looks as (
    select
        blockers.*,
        weeks.week_start_date,
        weeks.last_day as look_date,
        true as is_open
    from blockers
    inner join weeks
        on
            blockers.opened_date <= weeks.last_day
            and (blockers.resolved_date is null or blockers.resolved_date > weeks.last_day)

    union all

    select
        blockers.*,
        {{ week_of('resolved_date') }} as week_start_date,
        greatest({{ add_days('resolved_date', '-1') }}, opened_date) as look_date,
        false as is_open
    from blockers
    where resolved_at >= opened_at
),

final as (
    select
        looks.blocker_key,
        looks.opportunity_key,
        looks.tenant,
        looks.account_source_id,
        looks.owner_source_id,
        coalesce(
            nullif(
                trim(
                    case
                        when codes.blocker_key is null then looks.blocker_code
                        else codes.blocker_code
                    end
                ),
                ''
            ),
            '(blank)'
        ) as blocker_code,
        looks.week_start_date,
        looks.look_date,
        looks.is_open,
        looks.is_without_action,
        {{ days_between('looks.opened_date', 'looks.look_date') }} as age_days
    from looks
    left join {{ ref('int_blocker_codes') }} as codes
        on
            looks.blocker_key = codes.blocker_key
            and case
                when looks.is_open
                    then
                        (codes.from_date is null or looks.look_date >= codes.from_date)
                        and (codes.to_date is null or looks.look_date < codes.to_date)
                else
                    (codes.from_at is null or looks.resolved_at >= codes.from_at)
                    and (codes.to_at is null or looks.resolved_at < codes.to_at)
            end
)

select * from final
