with

landed as (
    select * from {{ landed('zendesk', 'ticket_event') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        ticket_id,
        event_type,
        updater_role,
        created_at,
        child_events,
        {{ landing_columns() }}
    from landed
)

select * from final
