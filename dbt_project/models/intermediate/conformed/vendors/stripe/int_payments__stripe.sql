with

latest_charges as (
    select * from {{ latest_known(ref('stg_stripe__charge'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'stripe'", 'source_tenant', 'id') }} as payment_key,
        'stripe' as source_system,
        source_tenant,
        id as source_id,
        customer as account_source_id,
        status,
        amount,
        currency_code,
        created_at as paid_at,
        created_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        false as is_deleted
    from latest_charges
)

select * from final
