with

final as (
    select
        tenant,
        employee_number,
        quota_amount,
        currency_code,
        valid_from,
        valid_to
    from {{ latest_policy('quota') }}
)

select * from final
