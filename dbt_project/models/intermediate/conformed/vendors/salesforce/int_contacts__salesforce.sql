with

latest as (
    select * from {{ latest_known(ref('stg_salesforce__contact'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'salesforce'", 'source_tenant', 'id') }} as contact_key,
        'salesforce' as source_system,
        source_tenant,
        id as source_id,
        account_id as account_source_id,
        email_domain,
        title as job_title,
        department,
        owner_id as owner_source_id,
        not is_deleted as is_active,
        created_at,
        modified_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        is_deleted
    from latest
)

select * from final
