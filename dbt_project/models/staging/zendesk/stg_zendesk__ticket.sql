with

landed as (
    select * from {{ landed('zendesk', 'ticket') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        organization_id,
        status,
        priority,
        channel,
        created_at,
        updated_at,
        {{ landing_columns() }}
    from landed
)

select * from final
