select
    rule_id,
    cast(sum(entry_count) as bigint) as entry_count,
    cast(sum(violation_count) as bigint) as violation_count,
    sum(amount_at_fault) as amount_at_fault,
    max(currency_code) as currency_code
from mart_stage_entry_violation_by_rule_month
where tenant = $tenant
    and entry_month >= $first_month
group by rule_id
order by violation_count desc, rule_id
