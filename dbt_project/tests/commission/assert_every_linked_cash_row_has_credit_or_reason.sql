-- No cash disappears: each allocation row earns exactly once, or says why it does not.
with

allocations as (
    select
        tenant,
        payment_source_id,
        invoice_source_id
    from {{ ref('fct_payment_allocation') }}
),

events as (
    select
        tenant,
        payment_source_id,
        invoice_source_id,
        reason_code
    from {{ ref('int_commission_events') }}
),

earnings as (
    select
        tenant,
        payment_source_id,
        invoice_source_id,
        count(*) as earning_count
    from {{ ref('mart_commission_statement_line') }}
    where line_type = 'earning' and not is_reversal
    group by tenant, payment_source_id, invoice_source_id
)

select
    allocations.tenant,
    allocations.payment_source_id,
    allocations.invoice_source_id,
    events.reason_code,
    earnings.earning_count
from allocations
left join events
    on
        allocations.tenant = events.tenant
        and allocations.payment_source_id = events.payment_source_id
        and coalesce(allocations.invoice_source_id, '') = coalesce(events.invoice_source_id, '')
left join earnings
    on
        allocations.tenant = earnings.tenant
        and allocations.payment_source_id = earnings.payment_source_id
        and allocations.invoice_source_id = earnings.invoice_source_id
where
    events.tenant is null
    or (events.reason_code is null and coalesce(earnings.earning_count, 0) <> 1)
    or (events.reason_code is not null and earnings.earning_count is not null)
