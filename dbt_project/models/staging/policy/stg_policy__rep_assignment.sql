with

final as (
    select
        tenant,
        employee_number,
        team,
        region,
        manager_employee_number,
        valid_from,
        valid_to
    from {{ latest_policy('rep_assignment') }}
)

select * from final
