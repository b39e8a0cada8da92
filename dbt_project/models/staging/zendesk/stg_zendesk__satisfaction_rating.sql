with

landed as (
    select * from {{ landed('zendesk', 'satisfaction_rating') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        ticket_id,
        score,
        reason,
        created_at,
        updated_at,
        {{ landing_columns() }}
    from landed
)

select * from final
