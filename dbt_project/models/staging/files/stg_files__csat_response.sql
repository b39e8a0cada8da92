with

landed as (
    select * from {{ landed('files', 'csat_response') }}
),

final as (
    select
        source_tenant,
        source_id,
        ticket_source_id,
        score,
        responded_at,
        created_at,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
