with

allocations as (
    select
        payment_key,
        tenant,
        payment_source_id,
        invoice_source_id,
        gross_amount
    from {{ ref('fct_payment_allocation') }}
),

refunds as (
    select
        payment_key,
        source_id as refund_source_id,
        amount,
        refunded_at,
        refunded_month
    from {{ ref('fct_refund') }}
    where is_succeeded
),

spread_allocations as (
    select
        payment_key,
        tenant,
        payment_source_id,
        invoice_source_id,
        gross_amount,
        cast(
            sum(gross_amount) over (
                partition by payment_key
                order by invoice_source_id nulls last
                rows between unbounded preceding and current row
            ) as decimal(18, 2)
        ) as cumulative_gross_amount,
        cast(
            sum(gross_amount) over (partition by payment_key) as decimal(18, 2)
        ) as payment_amount
    from allocations
),

accumulated_refunds as (
    select
        payment_key,
        refund_source_id,
        amount,
        refunded_month,
        cast(
            sum(amount) over (
                partition by payment_key
                order by refunded_at, refund_source_id
                rows between unbounded preceding and current row
            ) as decimal(18, 2)
        ) as cumulative_refund_amount
    from refunds
),

-- Clamped at the payment: what was never received cannot be given back.
paired as (
    select
        spread_allocations.tenant,
        spread_allocations.payment_source_id,
        spread_allocations.invoice_source_id,
        accumulated_refunds.refund_source_id,
        accumulated_refunds.refunded_month as period_month,
        spread_allocations.gross_amount,
        spread_allocations.cumulative_gross_amount,
        spread_allocations.cumulative_gross_amount - spread_allocations.gross_amount
            as previous_gross_amount,
        spread_allocations.payment_amount,
        least(accumulated_refunds.cumulative_refund_amount, spread_allocations.payment_amount)
            as refund_amount,
        least(
            accumulated_refunds.cumulative_refund_amount - accumulated_refunds.amount,
            spread_allocations.payment_amount
        ) as previous_refund_amount
    from spread_allocations
    inner join accumulated_refunds
        on spread_allocations.payment_key = accumulated_refunds.payment_key
),

final as (
    select
        tenant,
        payment_source_id,
        invoice_source_id,
        refund_source_id,
        period_month,
        gross_amount,
        cast(
            {{ rd_ratio('cumulative_gross_amount', 'refund_amount', 'payment_amount') }}
            - {{ rd_ratio('previous_gross_amount', 'refund_amount', 'payment_amount') }}
            as decimal(18, 2)
        ) as cumulative_share_amount,
        cast(
            {{ rd_ratio('cumulative_gross_amount', 'previous_refund_amount', 'payment_amount') }}
            - {{ rd_ratio('previous_gross_amount', 'previous_refund_amount', 'payment_amount') }}
            as decimal(18, 2)
        ) as previous_share_amount
    from paired
)

select * from final
