with

latest_users as (
    select * from {{ latest_known(ref('stg_salesforce__user'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'salesforce'", 'source_tenant', 'id') }} as rep_key,
        'salesforce' as source_system,
        source_tenant,
        id as source_id,
        name,
        employee_number,
        team,
        region,
        lower(title) as role,
        manager_id as manager_source_id,
        is_active,
        hire_date as hired_on,
        end_date as ended_on,
        modified_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        false as is_deleted
    from latest_users
)

select * from final
