{{ config(materialized='view') }}

with

opportunities as (
    select
        opportunity_key,
        tenant,
        owner_source_id,
        next_step
    from {{ ref('fct_opportunity') }}
),

activities as (
    select
        {{ surrogate_key('source_system', 'source_tenant', 'opportunity_source_id') }}
            as opportunity_key,
        activity_type,
        occurred_at,
        due_date,
        owner_source_id,
        row_number() over (
            partition by source_system, source_tenant, opportunity_source_id
            order by occurred_at, source_id
        ) as place
    from {{ ref('int_activities__unioned') }}
    where not coalesce(is_completed, false) and not is_deleted
),

tenants as (
    select
        tenant,
        reporting_timezone
    from {{ ref('dim_tenant') }}
),

-- An activity that should have been done and was not is still the next one.
final as (
    select
        opportunities.opportunity_key,
        activities.occurred_at as next_activity_at,
        coalesce(
            activities.due_date,
            {{ to_reporting_date('activities.occurred_at', 'tenants.reporting_timezone') }}
        ) as activity_due_date,
        activities.activity_type as next_activity_type,
        coalesce(activities.owner_source_id, opportunities.owner_source_id)
            as step_owner_source_id,
        activities.opportunity_key is null
        and coalesce(trim(opportunities.next_step), '') = '' as has_no_next_step
    from opportunities
    inner join tenants
        on opportunities.tenant = tenants.tenant
    left join activities
        on
            opportunities.opportunity_key = activities.opportunity_key
            and activities.place = 1
)

select * from final
