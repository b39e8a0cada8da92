with

latest_invoices as (
    select * from {{ latest_known(ref('stg_stripe__invoice'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'stripe'", 'source_tenant', 'id') }} as invoice_key,
        'stripe' as source_system,
        source_tenant,
        id as source_id,
        customer as account_source_id,
        number as invoice_number,
        nullif(trim(opportunity_id), '') as opportunity_reference,
        status,
        finalized_at as issued_at,
        due_at,
        net_amount,
        tax_amount,
        gross_amount,
        currency_code,
        coalesce(voided_at, finalized_at, created_at) as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        false as is_deleted
    from latest_invoices
)

select * from final
