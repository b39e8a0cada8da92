with

latest_events as (
    select * from {{ latest_known(ref('stg_request_tracker__ticket_event'), 'id') }}
),

latest_tickets as (
    select * from {{ latest_known(ref('stg_request_tracker__ticket'), 'id') }}
),

-- Whoever asked is the customer, whatever else he may do; user 1 is Request Tracker itself.
final as (
    select
        {{ surrogate_key("'request_tracker'", 'events.source_tenant', 'events.id') }}
            as ticket_event_key,
        'request_tracker' as source_system,
        events.source_tenant,
        events.id as source_id,
        events.ticket_id as ticket_source_id,
        case events.event_type
            when 'Create' then 'create'
            when 'Status' then 'status_change'
            when 'AddLink' then 'merge'
            else 'comment'
        end as event_type,
        case
            when events.event_type = 'Status'
                then {{ request_tracker_status('events.new_value') }}
        end as new_value,
        case
            when events.event_type = 'Correspond' then true
            when events.event_type = 'Comment' then false
        end as is_public,
        case
            when events.creator_id = '1' then 'system'
            when events.creator_id = tickets.requestor_id then 'end_user'
            when tickets.id is not null then 'agent'
        end as actor_role,
        events.created_at as occurred_at,
        events.created_at as effective_at,
        events._recorded_at as recorded_at,
        events._is_backfilled as is_backfilled,
        false as is_deleted
    from latest_events as events
    left join latest_tickets as tickets
        on
            events.source_tenant = tickets.source_tenant
            and events.ticket_id = tickets.id
    where
        events.event_type <> 'AddLink'
        or {{ request_tracker_is_merged('events.field', 'events.new_value', 'events.ticket_id') }}
)

select * from final
