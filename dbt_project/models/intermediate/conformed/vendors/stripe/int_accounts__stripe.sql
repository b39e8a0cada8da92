with

latest_customers as (
    select * from {{ latest_known(ref('stg_stripe__customer'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'stripe'", 'source_tenant', 'id') }} as account_key,
        'stripe' as source_system,
        source_tenant,
        id as source_id,
        'finance' as account_role,
        name,
        nullif(trim(crm_account_id), '') as external_reference,
        {{ domain_of('domain') }} as domain,
        cast(null as string) as parent_source_id,
        cast(null as string) as industry,
        cast(null as string) as region,
        cast(null as string) as owner_source_id,
        currency_code,
        created_at,
        created_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        false as is_deleted
    from latest_customers
)

select * from final
