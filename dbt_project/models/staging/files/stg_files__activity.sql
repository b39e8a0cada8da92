with

landed as (
    select * from {{ landed('files', 'activity') }}
),

final as (
    select
        source_tenant,
        source_id,
        opportunity_source_id,
        account_source_id,
        lead_source_id,
        owner_source_id,
        activity_type,
        occurred_at,
        duration_minutes,
        is_completed,
        due_date,
        reminder_at,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
