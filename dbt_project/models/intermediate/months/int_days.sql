{{ config(materialized='view') }}

with

digits as (
    select ten.digit
    from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as ten (digit)
),

months as (
    select
        month,
        last_date
    from {{ ref('int_months') }}
),

days as (
    select
        {{ add_days('months.month', 'tens.digit * 10 + ones.digit') }} as day,
        months.last_date
    from months
    cross join digits as ones
    cross join digits as tens
    where tens.digit < 4
),

final as (
    select day
    from days
    where day <= last_date and day <= {{ as_of_date() }}
)

select * from final
