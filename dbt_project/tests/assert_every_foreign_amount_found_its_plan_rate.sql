-- A failing row is money that no mart converts: policy has no plan rate for its currency and day.
{{ config(severity='warn') }}

select
    tenant,
    source_id,
    currency_code,
    issued_date as rate_date
from {{ ref('fct_invoice') }}
where is_issued and net_amount is not null and net_amount_in_tenant_currency is null

union all

select
    tenant,
    source_id,
    currency_code,
    paid_date as rate_date
from {{ ref('fct_payment') }}
where is_succeeded and amount is not null and amount_in_tenant_currency is null
