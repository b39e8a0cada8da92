with

final as (
    select
        user_name,
        role,
        tenant,
        employee_number,
        valid_from,
        valid_to
    from {{ latest_policy('access_grant') }}
)

select * from final
