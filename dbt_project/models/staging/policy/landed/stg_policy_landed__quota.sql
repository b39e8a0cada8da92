with

landed as (
    select * from {{ landed('policy', 'quota') }}
),

final as (
    select
        tenant,
        employee_number,
        quota_amount,
        currency_code,
        valid_from,
        valid_to,
        {{ landing_columns() }}
    from landed
)

select * from final
