with

landed as (
    select * from {{ landed('salesforce', 'task') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        what_id,
        who_id,
        account_id,
        owner_id,
        task_subtype,
        status,
        activity_date,
        completed_at,
        is_closed,
        is_reminder_set,
        reminder_at,
        call_duration_seconds,
        created_date as created_at,
        system_modstamp as modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
