with

latest as (
    select * from {{ latest_known(ref('stg_salesforce__contract'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'salesforce'", 'source_tenant', 'id') }} as contract_key,
        'salesforce' as source_system,
        source_tenant,
        id as source_id,
        account_id as account_source_id,
        cast(null as string) as opportunity_reference,
        contract_number,
        case when status = 'Activated' then 'active' else 'draft' end as status,
        owner_id as owner_source_id,
        cast(customer_signed_date as timestamp) as signed_at,
        cast(start_date as timestamp) as starts_at,
        cast({{ add_days('end_date', 1) }} as timestamp) as ends_at,
        currency_code,
        created_at,
        modified_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        is_deleted
    from latest
)

select * from final
