with

latest as (
    select * from {{ latest_known(ref('stg_zendesk__user'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'zendesk'", 'source_tenant', 'id') }} as contact_key,
        'zendesk' as source_system,
        source_tenant,
        id as source_id,
        organization_id as account_source_id,
        email_domain,
        cast(null as string) as job_title,
        cast(null as string) as department,
        cast(null as string) as owner_source_id,
        is_active,
        created_at,
        updated_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        not is_active as is_deleted
    from latest
    where role = 'end-user'
)

select * from final
