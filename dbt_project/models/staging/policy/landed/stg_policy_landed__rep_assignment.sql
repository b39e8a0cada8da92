with

landed as (
    select * from {{ landed('policy', 'rep_assignment') }}
),

final as (
    select
        tenant,
        employee_number,
        team,
        region,
        manager_employee_number,
        valid_from,
        valid_to,
        {{ landing_columns() }}
    from landed
)

select * from final
