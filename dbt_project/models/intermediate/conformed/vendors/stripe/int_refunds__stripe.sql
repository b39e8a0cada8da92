with

latest_refunds as (
    select * from {{ latest_known(ref('stg_stripe__refund'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'stripe'", 'source_tenant', 'id') }} as refund_key,
        'stripe' as source_system,
        source_tenant,
        id as source_id,
        charge as payment_source_id,
        status,
        amount,
        currency_code,
        created_at as refunded_at,
        reason,
        created_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        false as is_deleted
    from latest_refunds
)

select * from final
