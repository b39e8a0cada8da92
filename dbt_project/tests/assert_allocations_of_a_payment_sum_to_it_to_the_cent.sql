-- A failing row is a payment whose parts are more or less than what was received: cash is made up.
with

payments as (
    select
        payment_key,
        amount
    from {{ ref('fct_payment') }}
    where is_succeeded and amount <> 0
),

allocated as (
    select
        payment_key,
        sum(gross_amount) as gross_amount
    from {{ ref('fct_payment_allocation') }}
    group by payment_key
)

select
    payments.payment_key,
    payments.amount,
    allocated.gross_amount
from payments
left join allocated
    on payments.payment_key = allocated.payment_key
where allocated.gross_amount is null or allocated.gross_amount <> payments.amount
