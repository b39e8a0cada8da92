with

audits as (
    select * from {{ latest_known(ref('stg_zendesk__ticket_event'), 'id') }}
),

-- One audit holds everything that one person did at one instant.
children as (
    select
        *,
        {{ json_elements('child_events') }} as child
    from audits
),

described as (
    select
        *,
        {{ json_text('child', 'id') }} as child_id,
        lower({{ json_text('child', 'event_type') }}) as child_type,
        {{ json_text('child', 'status') }} as status,
        {{ json_text('child', 'comment_public') }} as comment_public
    from children
),

final as (
    select
        {{ surrogate_key("'zendesk'", 'source_tenant', 'child_id') }} as ticket_event_key,
        'zendesk' as source_system,
        source_tenant,
        child_id as source_id,
        ticket_id as ticket_source_id,
        case
            when child_type = 'change' and status is not null then 'status_change'
            else child_type
        end as event_type,
        status as new_value,
        case when child_type = 'comment' then comment_public = 'true' end as is_public,
        updater_role as actor_role,
        created_at as occurred_at,
        created_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        false as is_deleted
    from described
    where child_id is not null
)

select * from final
