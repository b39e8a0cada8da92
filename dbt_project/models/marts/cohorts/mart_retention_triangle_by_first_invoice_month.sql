with

invoices as (
    select
        tenant,
        customer_id,
        issued_month,
        net_amount_in_tenant_currency,
        tenant_currency_code
    from {{ ref('fct_invoice') }}
    where is_issued and customer_id is not null
),

months as (
    select
        month,
        last_date
    from {{ ref('int_months') }}
),

customers as (
    select
        tenant,
        customer_id,
        min(issued_month) as cohort_month
    from invoices
    group by
        tenant,
        customer_id
),

cohorts as (
    select
        customers.tenant,
        customers.cohort_month,
        tenants.currency_code,
        count(*) as cohort_size
    from customers
    inner join {{ ref('dim_tenant') }} as tenants
        on customers.tenant = tenants.tenant
    group by
        customers.tenant,
        customers.cohort_month,
        tenants.currency_code
),

activity as (
    select
        customers.tenant,
        customers.cohort_month,
        invoices.issued_month as month,
        count(distinct invoices.customer_id) as active_count,
        cast(sum(invoices.net_amount_in_tenant_currency) as decimal(18, 2)) as invoiced_net_amount
    from invoices
    inner join customers
        on
            invoices.tenant = customers.tenant
            and invoices.customer_id = customers.customer_id
    group by
        customers.tenant,
        customers.cohort_month,
        invoices.issued_month
),

-- Every cell of the triangle: a month in which nobody bought is a zero, not a gap.
cells as (
    select
        cohorts.tenant,
        cohorts.cohort_month,
        {{ months_between('cohorts.cohort_month', 'months.month') }} as month_number,
        months.month,
        months.last_date,
        cohorts.cohort_size,
        coalesce(activity.active_count, 0) as active_count,
        case
            when activity.month is null then cast(0 as decimal(18, 2))
            else activity.invoiced_net_amount
        end as invoiced_net_amount,
        cohorts.currency_code
    from cohorts
    inner join months
        on cohorts.cohort_month <= months.month
    left join activity
        on
            cohorts.tenant = activity.tenant
            and cohorts.cohort_month = activity.cohort_month
            and months.month = activity.month
),

final as (
    select
        tenant,
        cohort_month,
        month_number,
        cohort_size,
        active_count,
        {{ ratio_rate('active_count', 'cohort_size') }} as logo_retention_rate,
        invoiced_net_amount,
        {{ ratio_rate(
            'invoiced_net_amount',
            'first_value(invoiced_net_amount) over ('
            ~ 'partition by tenant, cohort_month order by month_number)',
            18
        ) }} as revenue_retention_rate,
        month = {{ as_of_month() }} and last_date > {{ as_of_date() }} as is_partial,
        currency_code
    from cells
)

select * from final
