with

latest_issues as (
    select * from {{ latest_known(ref('stg_roundup__issue'), 'id') }}
),

latest_users as (
    select * from {{ latest_known(ref('stg_roundup__user'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'roundup'", 'issues.source_tenant', 'issues.id') }} as ticket_key,
        'roundup' as source_system,
        issues.source_tenant,
        issues.id as source_id,
        users.domain as account_source_id,
        {{ roundup_status('issues.status') }} as status,
        case issues.priority
            when 'critical' then 'urgent'
            when 'urgent' then 'high'
            when 'bug' then 'normal'
            when 'feature' then 'low'
            when 'wish' then 'low'
        end as priority,
        cast(null as string) as channel,
        issues.created_at,
        issues.updated_at as effective_at,
        issues._recorded_at as recorded_at,
        issues._is_backfilled as is_backfilled,
        issues.is_deleted
    from latest_issues as issues
    left join latest_users as users
        on
            issues.source_tenant = users.source_tenant
            and issues.creator_id = users.id
)

select * from final
