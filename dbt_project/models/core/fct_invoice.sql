with

invoices as (
    select
        invoice_key,
        source_tenant as tenant,
        source_system,
        source_id,
        invoice_number,
        account_source_id,
        opportunity_reference,
        status,
        issued_at,
        due_at,
        net_amount,
        tax_amount,
        gross_amount,
        currency_code,
        recorded_at,
        is_backfilled
    from {{ ref('int_invoices__unioned') }}
    where not is_deleted
),

tenants as (
    select
        tenant,
        reporting_timezone,
        currency_code
    from {{ ref('dim_tenant') }}
),

customers as (
    select
        account_key,
        customer_id,
        crm_account_source_id
    from {{ ref('bridge_customer_source') }}
),

final as (
    select
        invoices.invoice_key,
        invoices.tenant,
        invoices.source_system,
        invoices.source_id,
        invoices.invoice_number,
        invoices.account_source_id,
        {{ surrogate_key(
            'invoices.source_system', 'invoices.tenant', 'invoices.account_source_id'
        ) }} as account_key,
        case
            when lower(trim(invoices.account_source_id)) not in {{ no_customer_ids() }}
                then coalesce(customers.customer_id, 'finance:' || invoices.account_source_id)
        end as customer_id,
        customers.crm_account_source_id,
        invoices.opportunity_reference,
        invoices.status,
        invoices.issued_at,
        {{ to_reporting_date('invoices.issued_at', 'tenants.reporting_timezone') }}
            as issued_date,
        {{ to_reporting_month('invoices.issued_at', 'tenants.reporting_timezone') }}
            as issued_month,
        invoices.due_at,
        {{ to_reporting_date('invoices.due_at', 'tenants.reporting_timezone') }} as due_date,
        invoices.net_amount,
        invoices.tax_amount,
        invoices.gross_amount,
        invoices.currency_code,
        {{ rd_rate('invoices.net_amount', 'plan_rates.rate') }} as net_amount_in_tenant_currency,
        tenants.currency_code as tenant_currency_code,
        plan_rates.fx_rate_id,
        coalesce(
            invoices.issued_at < {{ as_of_at() }}
            and invoices.status not in ('draft', 'void'), false
        ) as is_issued,
        invoices.recorded_at,
        invoices.is_backfilled
    from invoices
    left join tenants
        on invoices.tenant = tenants.tenant
    left join customers
        on
            {{ surrogate_key(
                'invoices.source_system', 'invoices.tenant', 'invoices.account_source_id'
            ) }} = customers.account_key
    {{ join_plan_rate(
        'invoices.currency_code', 'tenants.currency_code',
        to_reporting_date('invoices.issued_at', 'tenants.reporting_timezone')
    ) }}
)

select * from final
