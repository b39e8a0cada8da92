with

latest_tickets as (
    select * from {{ latest_known(ref('stg_zendesk__ticket'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'zendesk'", 'source_tenant', 'id') }} as ticket_key,
        'zendesk' as source_system,
        source_tenant,
        id as source_id,
        organization_id as account_source_id,
        status,
        priority,
        channel,
        created_at,
        updated_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        coalesce(status = 'deleted', false) as is_deleted
    from latest_tickets
)

select * from final
