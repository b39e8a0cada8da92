with

landed as (
    select * from {{ landed('salesforce', 'user') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        name,
        employee_number,
        team,
        region,
        title,
        manager_id,
        is_active,
        hire_date,
        end_date,
        created_date as created_at,
        system_modstamp as modified_at,
        {{ landing_columns() }}
    from landed
)

select * from final
