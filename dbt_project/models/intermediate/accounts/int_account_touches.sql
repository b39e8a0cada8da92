{{ config(materialized='view') }}

with

deals as (
    select
        opportunity_key,
        tenant,
        source_system,
        opportunity_source_id,
        customer_source_id
    from {{ ref('int_deals') }}
    where customer_source_id is not null
),

survivors as (
    select
        tenant,
        source_id,
        survivor_source_id
    from {{ ref('int_account_survivors') }}
),

tenants as (
    select
        tenant,
        reporting_timezone
    from {{ ref('dim_tenant') }}
),

activities as (
    select
        tenant,
        source_system,
        opportunity_source_id,
        account_source_id,
        occurred_at
    from {{ ref('fct_activity') }}
    where is_completed
),

-- That its cash is collected is no touch: the source recorded nothing.
touches_of_deals as (
    select
        opportunity_key,
        entered_at as touched_at
    from {{ ref('int_stage_entries') }}
    where record_type = 'opportunity' and source_id <> 'collected:' || record_source_id

    union all

    select
        {{ surrogate_key('source_system', 'source_tenant', 'record_source_id') }}
            as opportunity_key,
        changed_at as touched_at
    from {{ ref('int_field_changes__unioned') }}
    where
        record_type = 'opportunity' and not is_deleted and changed_at < {{ as_of_at() }}

    union all

    select
        {{ surrogate_key('source_system', 'tenant', 'opportunity_source_id') }} as opportunity_key,
        occurred_at as touched_at
    from activities
    where opportunity_source_id is not null
),

touches as (
    select
        deals.tenant,
        deals.customer_source_id as account_source_id,
        touches_of_deals.touched_at
    from touches_of_deals
    inner join deals
        on touches_of_deals.opportunity_key = deals.opportunity_key

    union all

    select
        activities.tenant,
        coalesce(survivors.survivor_source_id, activities.account_source_id) as account_source_id,
        activities.occurred_at as touched_at
    from activities
    left join survivors
        on
            activities.tenant = survivors.tenant
            and activities.account_source_id = survivors.source_id
    where activities.account_source_id is not null
),

final as (
    select
        touches.tenant,
        touches.account_source_id,
        {{ to_reporting_date('touches.touched_at', 'tenants.reporting_timezone') }} as day
    from touches
    left join tenants
        on touches.tenant = tenants.tenant
    group by
        touches.tenant,
        touches.account_source_id,
        {{ to_reporting_date('touches.touched_at', 'tenants.reporting_timezone') }}
)

select * from final
