with

latest_leads as (
    select * from {{ latest_known(ref('stg_salesforce__lead'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'salesforce'", 'source_tenant', 'id') }} as lead_key,
        'salesforce' as source_system,
        source_tenant,
        id as source_id,
        company as company_name,
        lead_source,
        status,
        owner_id as owner_source_id,
        created_at,
        cast(converted_date as timestamp) as converted_at,
        converted_account_id as converted_account_source_id,
        converted_opportunity_id as converted_opportunity_source_id,
        modified_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        is_deleted
    from latest_leads
)

select * from final
