with

final as (
    select
        tenant,
        employee_number,
        plan_id,
        valid_from,
        valid_to
    from {{ latest_policy('plan_assignment') }}
)

select * from final
