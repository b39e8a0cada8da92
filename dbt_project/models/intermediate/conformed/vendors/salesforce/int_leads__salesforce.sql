with

latest_leads as (
    select * from {{ latest_known(ref('stg_salesforce__lead'), 'id') }}
),

lead_history as (
    select * from {{ latest_known(ref('stg_salesforce__lead_history'), 'id') }}
),

-- The record only knows the day, the history the instant.
conversions as (
    select
        source_tenant,
        lead_id,
        max(created_at) as converted_at
    from lead_history
    where field = 'leadConverted' and not is_deleted
    group by
        source_tenant,
        lead_id
),

final as (
    select
        {{ surrogate_key("'salesforce'", 'latest_leads.source_tenant', 'latest_leads.id') }}
            as lead_key,
        'salesforce' as source_system,
        latest_leads.source_tenant,
        latest_leads.id as source_id,
        latest_leads.company as company_name,
        latest_leads.lead_source,
        latest_leads.status,
        latest_leads.owner_id as owner_source_id,
        latest_leads.created_at,
        coalesce(
            case when latest_leads.converted_date is not null then conversions.converted_at end,
            cast(latest_leads.converted_date as timestamp)
        ) as converted_at,
        latest_leads.converted_account_id as converted_account_source_id,
        latest_leads.converted_opportunity_id as converted_opportunity_source_id,
        latest_leads.modified_at as effective_at,
        latest_leads._recorded_at as recorded_at,
        latest_leads._is_backfilled as is_backfilled,
        latest_leads.is_deleted
    from latest_leads
    left join conversions
        on
            latest_leads.source_tenant = conversions.source_tenant
            and latest_leads.id = conversions.lead_id
)

select * from final
