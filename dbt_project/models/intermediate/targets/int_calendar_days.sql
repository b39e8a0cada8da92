{{ config(materialized='view') }}

with

tenants as (
    select tenant
    from {{ ref('dim_tenant') }}
),

marked_dates as (
    select
        tenant,
        {{ as_of_date() }} as marked_date
    from tenants

    union all

    select
        tenant,
        month as marked_date
    from {{ ref('int_months_of_tenants') }}

    union all

    select
        tenant,
        period_start as marked_date
    from {{ ref('stg_policy__target') }}

    union all

    select
        tenant,
        {{ add_months(
            'period_start', "case period_type when 'year' then 11 when 'quarter' then 2 else 0 end"
        ) }} as marked_date
    from {{ ref('stg_policy__target') }}
),

spans as (
    select
        tenant,
        {{ year_of('min(marked_date)') }} as first_day,
        {{ add_months(year_of('max(marked_date)'), '12') }} as next_year_start
    from marked_dates
    group by tenant
),

digits as (
    select ten.digit
    from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as ten (digit)
),

numbers as (
    select
        10000 * ten_thousands.digit + 1000 * thousands.digit + 100 * hundreds.digit
        + 10 * tens.digit + ones.digit as number
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds
    cross join digits as thousands
    cross join digits as ten_thousands
),

final as (
    select
        spans.tenant,
        {{ add_days('spans.first_day', 'numbers.number') }} as day
    from spans
    inner join numbers
        on {{ add_days('spans.first_day', 'numbers.number') }} < spans.next_year_start
)

select * from final
