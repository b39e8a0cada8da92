with

landed as (
    select * from {{ landed('files', 'blocker') }}
),

final as (
    select
        source_tenant,
        source_id,
        opportunity_source_id,
        blocker_code,
        opened_at,
        resolved_at,
        action,
        owner_source_id,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
