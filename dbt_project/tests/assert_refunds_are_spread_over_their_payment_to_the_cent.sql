-- A failing row is a payment whose rows give back more or less than its refunds.
with

refunds as (
    select
        payment_key,
        sum(amount) as amount
    from {{ ref('fct_refund') }}
    where is_succeeded
    group by payment_key
),

spread as (
    select
        payment_key,
        sum(refunded_gross_amount) as amount
    from {{ ref('fct_payment_allocation') }}
    group by payment_key
)

select
    spread.payment_key,
    spread.amount,
    refunds.amount as refund_amount
from spread
left join refunds
    on spread.payment_key = refunds.payment_key
where spread.amount <> coalesce(refunds.amount, 0)
