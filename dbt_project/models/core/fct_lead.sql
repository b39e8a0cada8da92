with

leads as (
    select
        lead_key,
        source_tenant as tenant,
        source_system,
        source_id,
        company_name,
        lead_source,
        status,
        owner_source_id,
        created_at,
        converted_at,
        converted_opportunity_source_id,
        recorded_at,
        is_backfilled
    from {{ ref('int_leads__unioned') }}
    where not is_deleted and created_at < {{ as_of_at() }}
),

opportunities as (
    select opportunity_key
    from {{ ref('fct_opportunity') }}
),

tenants as (
    select
        tenant,
        reporting_timezone
    from {{ ref('dim_tenant') }}
),

converted as (
    select
        *,
        {{ surrogate_key('source_system', 'tenant', 'converted_opportunity_source_id') }}
            as converted_opportunity_key
    from leads
),

final as (
    select
        converted.lead_key,
        converted.tenant,
        converted.source_system,
        converted.source_id,
        case
            when opportunities.opportunity_key is not null
                then 'opportunity:' || converted.converted_opportunity_source_id
            else 'lead:' || converted.source_id
        end as case_id,
        opportunities.opportunity_key,
        converted.company_name,
        converted.lead_source,
        converted.status,
        converted.owner_source_id,
        {{ surrogate_key(
            'converted.source_system', 'converted.tenant', 'converted.owner_source_id'
        ) }} as owner_key,
        converted.created_at,
        {{ to_reporting_date('converted.created_at', 'tenants.reporting_timezone') }}
            as created_date,
        {{ to_reporting_month('converted.created_at', 'tenants.reporting_timezone') }}
            as created_month,
        converted.converted_at,
        converted.converted_opportunity_source_id,
        converted.recorded_at,
        converted.is_backfilled
    from converted
    left join tenants
        on converted.tenant = tenants.tenant
    left join opportunities
        on converted.converted_opportunity_key = opportunities.opportunity_key
)

select * from final
