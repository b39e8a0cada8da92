with

landed as (
    select * from {{ landed('request_tracker', 'ticket_event') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        ticket_id,
        event_type,
        field,
        new_value,
        creator_id,
        created_at,
        {{ landing_columns() }}
    from landed
)

select * from final
