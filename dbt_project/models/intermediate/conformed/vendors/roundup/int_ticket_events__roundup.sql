with

latest_issues as (
    select * from {{ latest_known(ref('stg_roundup__issue'), 'id') }}
),

latest_messages as (
    select * from {{ latest_known(ref('stg_roundup__msg'), 'id') }}
),

versions as (
    select
        *,
        lag(status) over (
            partition by source_tenant, id
            order by _commit_seq, _page, _row_number
        ) as previous_status
    from {{ ref('stg_roundup__issue') }}
    where _recorded_at < {{ as_of_at() }}
),

linked_messages as (
    select
        source_tenant,
        id as ticket_id,
        creator_id,
        {{ json_elements('messages') }} as message
    from latest_issues
),

said as (
    select
        linked.source_tenant,
        linked.ticket_id,
        linked.creator_id,
        messages.id,
        messages.author_id,
        messages.created_at,
        messages._recorded_at,
        messages._is_backfilled
    from linked_messages as linked
    inner join latest_messages as messages
        on
            linked.source_tenant = messages.source_tenant
            and {{ json_text('linked.message', 'id') }} = messages.id
),

events as (
    select
        source_tenant,
        'issue' || id as source_id,
        id as ticket_source_id,
        'create' as event_type,
        cast(null as string) as new_value,
        cast(null as boolean) as is_public,
        cast(null as string) as actor_role,
        created_at as occurred_at,
        _recorded_at,
        _is_backfilled
    from latest_issues

    union all

    select
        source_tenant,
        'issue' || ticket_id || '-msg' || id as source_id,
        ticket_id as ticket_source_id,
        'comment' as event_type,
        cast(null as string) as new_value,
        true as is_public,
        case when author_id = creator_id then 'end_user' else 'agent' end as actor_role,
        created_at as occurred_at,
        _recorded_at,
        _is_backfilled
    from said

    union all

    select
        source_tenant,
        'issue' || id || '-version' || _commit_seq as source_id,
        id as ticket_source_id,
        'status_change' as event_type,
        {{ roundup_status('status') }} as new_value,
        cast(null as boolean) as is_public,
        cast(null as string) as actor_role,
        updated_at as occurred_at,
        _recorded_at,
        _is_backfilled
    from versions
    where status <> previous_status
),

final as (
    select
        {{ surrogate_key("'roundup'", 'source_tenant', 'source_id') }} as ticket_event_key,
        'roundup' as source_system,
        source_tenant,
        source_id,
        ticket_source_id,
        event_type,
        new_value,
        is_public,
        actor_role,
        occurred_at,
        occurred_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        false as is_deleted
    from events
)

select * from final
