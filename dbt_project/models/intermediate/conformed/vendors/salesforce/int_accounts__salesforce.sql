with

latest_accounts as (
    select * from {{ latest_known(ref('stg_salesforce__account'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'salesforce'", 'source_tenant', 'id') }} as account_key,
        'salesforce' as source_system,
        source_tenant,
        id as source_id,
        'crm' as account_role,
        name,
        -- Set on the loser of a merge, which is deleted.
        master_record_id as external_reference,
        {{ domain_of('website') }} as domain,
        parent_id as parent_source_id,
        industry,
        region,
        owner_id as owner_source_id,
        currency_code,
        created_at,
        modified_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        is_deleted
    from latest_accounts
)

select * from final
