{{ config(materialized='view') }}

with

deals as (
    select
        opportunity_key,
        tenant,
        source_system,
        opportunity_source_id
    from {{ ref('int_deals') }}
    where outcome = 'open'
),

activities as (
    select
        deals.opportunity_key,
        max(
            case
                when activities.is_completed and activities.occurred_at < {{ as_of_at() }}
                    then activities.occurred_at
            end
        ) as last_activity_at,
        max(
            case
                when
                    not coalesce(activities.is_completed, false)
                    and activities.occurred_at >= {{ as_of_at() }}
                    then 1
                else 0
            end
        ) = 1 as has_planned_activity
    from {{ ref('int_activities__unioned') }} as activities
    inner join deals
        on
            activities.source_system = deals.source_system
            and activities.source_tenant = deals.tenant
            and activities.opportunity_source_id = deals.opportunity_source_id
    where not activities.is_deleted
    group by deals.opportunity_key
),

-- A close date that was filled in or cleared was not put off.
pushes as (
    select
        deals.opportunity_key,
        count(*) as push_count
    from {{ ref('int_field_changes__unioned') }} as changes
    inner join deals
        on
            changes.source_system = deals.source_system
            and changes.source_tenant = deals.tenant
            and changes.record_source_id = deals.opportunity_source_id
    where
        changes.record_type = 'opportunity'
        and changes.field_name = 'close_date'
        and not changes.is_deleted
        and changes.changed_at < {{ as_of_at() }}
        and try_cast(substring(changes.old_value, 1, 10) as date)
        < try_cast(substring(changes.new_value, 1, 10) as date)
    group by deals.opportunity_key
),

final as (
    select
        deals.opportunity_key,
        activities.last_activity_at,
        coalesce(activities.has_planned_activity, false) as has_planned_activity,
        coalesce(pushes.push_count, 0) as push_count
    from deals
    left join activities
        on deals.opportunity_key = activities.opportunity_key
    left join pushes
        on deals.opportunity_key = pushes.opportunity_key
)

select * from final
