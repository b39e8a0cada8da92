with

latest as (
    select * from {{ latest_known(ref('stg_salesforce__product'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'salesforce'", 'source_tenant', 'id') }} as product_key,
        'salesforce' as source_system,
        source_tenant,
        id as source_id,
        product_code,
        name,
        family as product_line,
        is_active,
        created_at,
        modified_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        is_deleted
    from latest
)

select * from final
