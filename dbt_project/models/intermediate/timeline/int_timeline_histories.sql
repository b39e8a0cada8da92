with

tenants as (
    select
        tenant,
        reporting_timezone
    from {{ ref('dim_tenant') }}
),

-- The collection of a deal's cash is no stage that its source moved it to.
stage_events as (
    select
        tenant,
        min(entered_date) as first_date
    from {{ ref('int_stage_entries') }}
    where record_type = 'opportunity' and source_id <> 'collected:' || record_source_id
    group by tenant
),

deals as (
    select
        tenant,
        min(created_date) as first_date
    from {{ ref('int_deals') }}
    group by tenant
),

field_changes as (
    select
        source_tenant as tenant,
        min(changed_at) as first_at
    from {{ ref('int_field_changes__unioned') }}
    where not is_deleted and changed_at < {{ as_of_at() }}
    group by source_tenant
),

-- Before these days a tenant's history does not tell of moves, or of owners; null: it always does,
-- or never.
final as (
    select
        tenants.tenant,
        case when deals.first_date < stage_events.first_date then stage_events.first_date end
            as moves_from_date,
        {{ to_reporting_date('field_changes.first_at', 'tenants.reporting_timezone') }}
            as owners_from_date
    from tenants
    left join stage_events
        on tenants.tenant = stage_events.tenant
    left join deals
        on tenants.tenant = deals.tenant
    left join field_changes
        on tenants.tenant = field_changes.tenant
)

select * from final
