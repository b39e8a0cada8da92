with

latest as (
    select * from {{ latest_known(ref('stg_salesforce__quote'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'salesforce'", 'source_tenant', 'id') }} as quote_key,
        'salesforce' as source_system,
        source_tenant,
        id as source_id,
        opportunity_id as opportunity_source_id,
        cast(null as string) as account_source_id,
        quote_number,
        case
            when status = 'Presented' then 'sent'
            when status = 'Accepted' then 'accepted'
            when status in ('Rejected', 'Denied') then 'rejected'
            else 'draft'
        end as status,
        is_syncing as is_primary,
        total_price as net_amount,
        currency_code,
        expiration_date as expires_on,
        created_at,
        modified_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        is_deleted
    from latest
)

select * from final
