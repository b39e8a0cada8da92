with

payments as (
    select
        payment_key,
        tenant,
        source_system,
        source_id,
        amount,
        currency_code,
        paid_at,
        paid_date
    from {{ ref('fct_payment') }}
    where is_succeeded
),

applications as (
    select
        {{ surrogate_key('source_system', 'source_tenant', 'payment_source_id') }} as payment_key,
        {{ surrogate_key('source_system', 'source_tenant', 'invoice_source_id') }} as invoice_key,
        invoice_source_id,
        amount,
        applied_at
    from {{ ref('int_payment_applications__unioned') }}
    where not is_deleted and amount is not null and applied_at < {{ as_of_at() }}
),

applied as (
    select
        payment_key,
        invoice_key,
        invoice_source_id,
        cast(sum(amount) as decimal(18, 2)) as gross_amount,
        max(applied_at) as last_applied_at
    from applications
    group by
        payment_key,
        invoice_key,
        invoice_source_id
),

applied_totals as (
    select
        payment_key,
        cast(sum(gross_amount) as decimal(18, 2)) as gross_amount
    from applied
    group by payment_key
),

-- What no invoice used: its row makes the rows of every payment add up to the payment.
rests as (
    select
        payments.payment_key,
        cast(null as bigint) as invoice_key,
        cast(null as string) as invoice_source_id,
        cast(payments.amount - coalesce(applied_totals.gross_amount, 0) as decimal(18, 2))
            as gross_amount,
        cast(null as timestamp) as last_applied_at
    from payments
    left join applied_totals
        on payments.payment_key = applied_totals.payment_key
),

parts as (
    select * from applied
    union all
    select * from rests
    where gross_amount <> 0
),

final as (
    select
        payments.payment_key,
        payments.tenant,
        payments.source_id as payment_source_id,
        parts.invoice_key,
        parts.invoice_source_id,
        payments.paid_at,
        payments.paid_date,
        payments.amount as payment_amount,
        parts.gross_amount,
        payments.currency_code,
        parts.last_applied_at
    from payments
    inner join parts
        on payments.payment_key = parts.payment_key
)

select * from final
