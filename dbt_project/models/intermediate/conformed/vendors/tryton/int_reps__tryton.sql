with

latest_employees as (
    select * from {{ latest_known(ref('stg_tryton__employee'), 'id') }}
),

latest_parties as (
    select * from {{ latest_known(ref('stg_tryton__party'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'tryton'", 'latest_employees.source_tenant', 'latest_employees.id') }}
            as rep_key,
        'tryton' as source_system,
        latest_employees.source_tenant,
        latest_employees.id as source_id,
        latest_parties.name,
        latest_parties.code as employee_number,
        cast(null as string) as team,
        cast(null as string) as region,
        'rep' as role,
        latest_employees.supervisor as manager_source_id,
        latest_employees.is_active,
        latest_employees.start_date as hired_on,
        {{ add_days('latest_employees.end_date', 1) }} as ended_on,
        latest_employees.modified_at as effective_at,
        latest_employees._recorded_at as recorded_at,
        latest_employees._is_backfilled as is_backfilled,
        latest_employees.is_deleted
    from latest_employees
    left join latest_parties
        on
            latest_employees.source_tenant = latest_parties.source_tenant
            and latest_employees.party = latest_parties.id
)

select * from final
