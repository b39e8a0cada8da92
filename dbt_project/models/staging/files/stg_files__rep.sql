with

landed as (
    select * from {{ landed('files', 'rep') }}
),

final as (
    select
        source_tenant,
        source_id,
        name,
        employee_number,
        team,
        region,
        role,
        manager_source_id,
        is_active,
        hired_on,
        ended_on,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
