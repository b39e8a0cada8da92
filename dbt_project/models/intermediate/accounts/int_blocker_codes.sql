{{ config(materialized='view') }}

with

changes as (
    select
        {{ surrogate_key('source_system', 'source_tenant', 'record_source_id') }} as blocker_key,
        source_tenant as tenant,
        source_id,
        changed_at,
        old_value,
        new_value
    from {{ ref('int_field_changes__unioned') }}
    where
        record_type = 'blocker'
        and field_name = 'code'
        and not is_deleted
        and changed_at < {{ as_of_at() }}
),

tenants as (
    select
        tenant,
        reporting_timezone
    from {{ ref('dim_tenant') }}
),

numbered as (
    select
        *,
        row_number() over path as change_number,
        lead(changed_at) over path as next_changed_at
    from changes
    window path as (partition by blocker_key order by changed_at, source_id)
),

-- Before its first change a code was what that change replaced.
codes as (
    select
        blocker_key,
        tenant,
        new_value as blocker_code,
        changed_at as from_at,
        next_changed_at as to_at
    from numbered

    union all

    select
        blocker_key,
        tenant,
        old_value as blocker_code,
        cast(null as timestamp) as from_at,
        changed_at as to_at
    from numbered
    where change_number = 1
),

final as (
    select
        codes.blocker_key,
        codes.blocker_code,
        codes.from_at,
        codes.to_at,
        {{ to_reporting_date('codes.from_at', 'tenants.reporting_timezone') }} as from_date,
        {{ to_reporting_date('codes.to_at', 'tenants.reporting_timezone') }} as to_date
    from codes
    left join tenants
        on codes.tenant = tenants.tenant
)

select * from final
