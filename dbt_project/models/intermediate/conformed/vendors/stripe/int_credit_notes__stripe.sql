with

latest as (
    select * from {{ latest_known(ref('stg_stripe__credit_note'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'stripe'", 'source_tenant', 'id') }} as credit_note_key,
        'stripe' as source_system,
        source_tenant,
        id as source_id,
        invoice as invoice_source_id,
        customer as account_source_id,
        number as credit_note_number,
        status,
        reason,
        coalesce(issued_at, created_at) as issued_at,
        net_amount,
        tax_amount,
        gross_amount,
        currency_code,
        coalesce(voided_at, issued_at, created_at) as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        false as is_deleted
    from latest
)

select * from final
