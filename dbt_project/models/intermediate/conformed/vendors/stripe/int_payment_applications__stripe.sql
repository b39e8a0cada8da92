with

invoice_payments as (
    select * from {{ latest_known(ref('stg_stripe__invoice_payment'), 'id') }}
),

charges as (
    select * from {{ latest_known(ref('stg_stripe__charge'), 'id') }}
),

-- An intent may have failed attempts before the one charge that succeeded.
successful_charges as (
    select
        source_tenant,
        payment_intent,
        min(id) as charge_id
    from charges
    where status = 'succeeded' and payment_intent is not null
    group by
        source_tenant,
        payment_intent
),

final as (
    select
        {{ surrogate_key("'stripe'", 'invoice_payments.source_tenant', 'invoice_payments.id') }}
            as payment_application_key,
        'stripe' as source_system,
        invoice_payments.source_tenant,
        invoice_payments.id as source_id,
        coalesce(successful_charges.charge_id, invoice_payments.payment_intent)
            as payment_source_id,
        invoice_payments.invoice as invoice_source_id,
        invoice_payments.amount,
        invoice_payments.currency_code,
        invoice_payments.paid_at as applied_at,
        invoice_payments.paid_at as effective_at,
        invoice_payments._recorded_at as recorded_at,
        invoice_payments._is_backfilled as is_backfilled,
        false as is_deleted
    from invoice_payments
    left join successful_charges
        on
            invoice_payments.source_tenant = successful_charges.source_tenant
            and invoice_payments.payment_intent = successful_charges.payment_intent
    where invoice_payments.status = 'paid'
)

select * from final
