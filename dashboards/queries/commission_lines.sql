select
    employee_number,
    line_type,
    is_reversal,
    origin_period_month,
    commissionable_amount,
    cumulative_amount,
    quota_amount,
    attainment_rate,
    tier_number,
    rate as commission_rate,
    line_amount,
    currency_code,
    opportunity_source_id as opportunity,
    payment_source_id as payment,
    invoice_source_id as invoice,
    refund_source_id as refund,
    fx_rate_id
from mart_commission_statement_line
where tenant = $tenant
    and period_month = $period_month
    and ($all_payees or employee_number = $employee_number)
order by employee_number, cumulative_amount, line_type, refund nulls first, invoice
