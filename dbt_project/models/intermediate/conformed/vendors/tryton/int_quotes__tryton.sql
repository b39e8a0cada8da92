with

latest as (
    select * from {{ latest_known(ref('stg_tryton__sale'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'tryton'", 'source_tenant', 'id') }} as quote_key,
        'tryton' as source_system,
        source_tenant,
        id as source_id,
        case
            when origin like 'sale.opportunity,%' then split_part(origin, ',', 2)
        end as opportunity_source_id,
        party as account_source_id,
        number as quote_number,
        case
            when state = 'draft' then 'draft'
            when state = 'quotation' then 'sent'
            when state = 'cancelled' then 'rejected'
            else 'accepted'
        end as status,
        cast(null as boolean) as is_primary,
        net_amount,
        currency_code,
        cast(null as date) as expires_on,
        created_at,
        modified_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        is_deleted
    from latest
)

select * from final
