with

landed as (
    select * from {{ landed('policy', 'plan_assignment') }}
),

final as (
    select
        tenant,
        employee_number,
        plan_id,
        valid_from,
        valid_to,
        {{ landing_columns() }}
    from landed
)

select * from final
