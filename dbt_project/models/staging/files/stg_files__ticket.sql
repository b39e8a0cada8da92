with

landed as (
    select * from {{ landed('files', 'ticket') }}
),

final as (
    select
        source_tenant,
        source_id,
        account_source_id,
        status,
        priority,
        channel,
        created_at,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
