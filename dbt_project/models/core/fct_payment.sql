with

payments as (
    select
        payment_key,
        source_tenant as tenant,
        source_system,
        source_id,
        account_source_id,
        status,
        amount,
        currency_code,
        paid_at,
        recorded_at,
        is_backfilled
    from {{ ref('int_payments__unioned') }}
    where not is_deleted and paid_at < {{ as_of_at() }}
),

tenants as (
    select
        tenant,
        reporting_timezone,
        currency_code
    from {{ ref('dim_tenant') }}
),

final as (
    select
        payments.payment_key,
        payments.tenant,
        payments.source_system,
        payments.source_id,
        payments.account_source_id,
        payments.status,
        coalesce(payments.status = 'succeeded', false) as is_succeeded,
        payments.amount,
        payments.currency_code,
        {{ rd_rate('payments.amount', 'plan_rates.rate') }} as amount_in_tenant_currency,
        tenants.currency_code as tenant_currency_code,
        plan_rates.fx_rate_id,
        payments.paid_at,
        {{ to_reporting_date('payments.paid_at', 'tenants.reporting_timezone') }} as paid_date,
        {{ to_reporting_month('payments.paid_at', 'tenants.reporting_timezone') }} as paid_month,
        payments.recorded_at,
        payments.is_backfilled
    from payments
    left join tenants
        on payments.tenant = tenants.tenant
    {{ join_plan_rate(
        'payments.currency_code', 'tenants.currency_code',
        to_reporting_date('payments.paid_at', 'tenants.reporting_timezone')
    ) }}
)

select * from final
