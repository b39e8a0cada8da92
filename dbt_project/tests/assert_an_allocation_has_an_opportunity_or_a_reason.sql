-- A failing row is cash that is neither linked nor explained, or both.
select
    tenant,
    payment_source_id,
    invoice_source_id,
    opportunity_source_id,
    unlinked_reason
from {{ ref('fct_payment_allocation') }}
where
    (opportunity_source_id is null and unlinked_reason is null)
    or (opportunity_source_id is not null and unlinked_reason is not null)
