select
    month,
    is_partial,
    leads_created_count,
    opportunities_won_count + other_type_won_count as won_count,
    opportunities_won_count + opportunities_lost_count as opportunities_closed_count,
    win_rate_by_close_month,
    won_amount,
    invoiced_net_amount,
    cash_collected_amount,
    csat_response_count,
    csat_positive_rate,
    currency_code
from mart_headline_by_month
where tenant = $tenant
order by month
