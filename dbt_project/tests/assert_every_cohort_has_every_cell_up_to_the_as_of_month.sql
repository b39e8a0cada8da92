-- A failing row is a cohort with a gap, or one that runs on after the as-of month.
select
    tenant,
    cohort_month,
    count(*) as cell_count,
    max(month_number) as last_number
from {{ ref('mart_retention_triangle_by_first_invoice_month') }}
group by
    tenant,
    cohort_month
having
    count(*) <> max(month_number) + 1
    or max(month_number) <> {{ months_between('cohort_month', as_of_month()) }}
