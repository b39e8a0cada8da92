with

activities as (
    select
        activity_key,
        source_tenant as tenant,
        source_system,
        source_id,
        opportunity_source_id,
        account_source_id,
        lead_source_id,
        owner_source_id,
        activity_type,
        occurred_at,
        duration_minutes,
        is_completed
    from {{ ref('int_activities__unioned') }}
    where not is_deleted and occurred_at < {{ as_of_at() }}
),

tenants as (
    select
        tenant,
        reporting_timezone
    from {{ ref('dim_tenant') }}
),

final as (
    select
        activities.activity_key,
        activities.tenant,
        activities.source_system,
        activities.source_id,
        activities.opportunity_source_id,
        activities.account_source_id,
        activities.lead_source_id,
        activities.owner_source_id,
        activities.activity_type,
        activities.occurred_at,
        {{ to_reporting_date('activities.occurred_at', 'tenants.reporting_timezone') }}
            as occurred_date,
        activities.duration_minutes,
        activities.is_completed
    from activities
    left join tenants
        on activities.tenant = tenants.tenant
)

select * from final
