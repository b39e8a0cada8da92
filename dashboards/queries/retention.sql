select
    cohort_month,
    month_number,
    cohort_size,
    active_count,
    logo_retention_rate,
    revenue_retention_rate,
    invoiced_net_amount,
    is_partial
from mart_retention_triangle_by_first_invoice_month
where tenant = $tenant
    and cohort_month >= $first_month
order by cohort_month, month_number
