with

digits as (
    select ten.digit
    from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as ten (digit)
),

numbers as (
    select hundreds.digit * 100 + tens.digit * 10 + ones.digit as number
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds
),

-- The border refuses dates before 1990, so no row is older than the spine.
months as (
    select {{ add_months("cast('1990-01-01' as date)", 'number') }} as month
    from numbers
),

final as (
    select
        month,
        {{ last_date_of('month') }} as last_date
    from months
    where month <= {{ as_of_month() }}
)

select * from final
