with

landed as (
    select * from {{ landed('policy', 'access_grant') }}
),

final as (
    select
        user_name,
        role,
        tenant,
        employee_number,
        valid_from,
        valid_to,
        {{ landing_columns() }}
    from landed
)

select * from final
