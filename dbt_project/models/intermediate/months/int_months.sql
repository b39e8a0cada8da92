with

digits as (
    select 0 as digit
    union all select 1
    union all select 2
    union all select 3
    union all select 4
    union all select 5
    union all select 6
    union all select 7
    union all select 8
    union all select 9
),

numbers as (
    select hundreds.digit * 100 + tens.digit * 10 + ones.digit as number
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds
),

-- The border refuses dates before 1990, so no row is older than the spine.
months as (
    select cast({{ dbt.dateadd('month', 'number', "cast('1990-01-01' as date)") }} as date) as month
    from numbers
),

final as (
    select
        month,
        cast({{ dbt.last_day('month', 'month') }} as date) as last_date
    from months
    where month <= {{ as_of_month() }}
)

select * from final
