with

landed as (
    select * from {{ landed('files', 'ticket_event') }}
),

final as (
    select
        source_tenant,
        source_id,
        ticket_source_id,
        event_type,
        new_value,
        is_public,
        actor_role,
        occurred_at,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
