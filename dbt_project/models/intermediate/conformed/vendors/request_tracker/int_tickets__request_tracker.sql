with

latest_tickets as (
    select * from {{ latest_known(ref('stg_request_tracker__ticket'), 'id') }}
),

latest_events as (
    select
        *,
        row_number() over (
            partition by source_tenant, ticket_id, event_type
            order by created_at desc, cast(id as bigint) desc
        ) as newest_rank
    from {{ latest_known(ref('stg_request_tracker__ticket_event'), 'id') }}
    where
        event_type = 'Status'
        or {{ request_tracker_is_merged('field', 'new_value', 'ticket_id') }}
),

-- A merged ticket lives on in another one; neither it nor a deleted one shows in any search.
gone as (
    select
        source_tenant,
        ticket_id,
        max(created_at) as gone_at,
        max(_recorded_at) as recorded_at
    from latest_events
    where newest_rank = 1 and (event_type = 'AddLink' or new_value = 'deleted')
    group by
        source_tenant,
        ticket_id
),

final as (
    select
        {{ surrogate_key("'request_tracker'", 'tickets.source_tenant', 'tickets.id') }}
            as ticket_key,
        'request_tracker' as source_system,
        tickets.source_tenant,
        tickets.id as source_id,
        tickets.requestor_domain as account_source_id,
        {{ request_tracker_status('tickets.status') }} as status,
        {{ request_tracker_priority('tickets.priority') }} as priority,
        cast(null as string) as channel,
        tickets.created_at,
        coalesce(gone.gone_at, tickets.updated_at) as effective_at,
        coalesce(gone.recorded_at, tickets._recorded_at) as recorded_at,
        tickets._is_backfilled and gone.ticket_id is null as is_backfilled,
        gone.ticket_id is not null as is_deleted
    from latest_tickets as tickets
    left join gone
        on
            tickets.source_tenant = gone.source_tenant
            and tickets.id = gone.ticket_id
)

select * from final
