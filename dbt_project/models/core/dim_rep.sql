with

reps as (
    select
        rep_key,
        source_tenant,
        source_system,
        source_id,
        name,
        employee_number,
        team,
        region,
        role,
        manager_source_id,
        is_active,
        hired_on,
        ended_on
    from {{ ref('int_reps__unioned') }}
    where not is_deleted
),

final as (
    select
        rep_key,
        source_tenant as tenant,
        source_system,
        source_id,
        name,
        employee_number,
        team,
        region,
        role,
        manager_source_id,
        {{ surrogate_key('source_system', 'source_tenant', 'manager_source_id') }} as manager_key,
        is_active,
        hired_on,
        ended_on
    from reps
)

select * from final
