-- A failing row is a cohort of which somebody did not buy in the month that made it.
select
    tenant,
    cohort_month,
    cohort_size,
    active_count
from {{ ref('mart_retention_triangle_by_first_invoice_month') }}
where month_number = 0 and active_count <> cohort_size
