with

latest as (
    select * from {{ latest_known(ref('stg_stripe__product'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'stripe'", 'source_tenant', 'id') }} as product_key,
        'stripe' as source_system,
        source_tenant,
        id as source_id,
        nullif(trim(code), '') as product_code,
        name,
        nullif(trim(family), '') as product_line,
        is_active,
        created_at,
        coalesce(updated_at, created_at) as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        false as is_deleted
    from latest
)

select * from final
