with

latest_tasks as (
    select * from {{ latest_known(ref('stg_salesforce__task'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'salesforce'", 'source_tenant', 'id') }} as activity_key,
        'salesforce' as source_system,
        source_tenant,
        id as source_id,
        case when substring(what_id, 1, 3) = '006' then what_id end as opportunity_source_id,
        account_id as account_source_id,
        case when substring(who_id, 1, 3) = '00Q' then who_id end as lead_source_id,
        owner_id as owner_source_id,
        lower(task_subtype) as activity_type,
        coalesce(completed_at, cast(activity_date as timestamp), created_at) as occurred_at,
        cast((call_duration_seconds + 30) // 60 as int) as duration_minutes,
        coalesce(is_closed, status = 'Completed', false) as is_completed,
        activity_date as due_date,
        case when coalesce(is_reminder_set, true) then reminder_at end as reminder_at,
        modified_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        is_deleted
    from latest_tasks
)

select * from final
