-- A failing row would count the same receipt for several deals.
select
    tenant,
    invoice_source_id,
    count(*) as link_count
from {{ ref('bridge_opportunity_invoice') }}
group by
    tenant,
    invoice_source_id
having count(*) > 1
