with

first_months as (
    select
        tenant,
        min(created_month) as month
    from {{ ref('fct_lead') }}
    group by tenant

    union all

    select
        tenant,
        min(created_month) as month
    from {{ ref('fct_opportunity') }}
    group by tenant

    union all

    select
        tenant,
        min(issued_month) as month
    from {{ ref('fct_invoice') }}
    where is_issued
    group by tenant

    union all

    select
        tenant,
        min(paid_month) as month
    from {{ ref('fct_payment') }}
    where is_succeeded
    group by tenant

    union all

    select
        tenant,
        month
    from {{ ref('int_months_closed') }}

    union all

    select
        tenant,
        month
    from {{ ref('int_months_of_support') }}
),

started as (
    select
        tenant,
        min(month) as month
    from first_months
    group by tenant
),

final as (
    select
        started.tenant,
        months.month,
        months.month = {{ as_of_month() }} and months.last_date > {{ as_of_date() }} as is_partial
    from started
    inner join {{ ref('int_months') }} as months
        on started.month <= months.month
)

select * from final
