with

latest_organizations as (
    select * from {{ latest_known(ref('stg_zendesk__organization'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'zendesk'", 'source_tenant', 'id') }} as account_key,
        'zendesk' as source_system,
        source_tenant,
        id as source_id,
        'support' as account_role,
        name,
        nullif(trim(external_id), '') as external_reference,
        {{ domain_of('domain') }} as domain,
        cast(null as string) as parent_source_id,
        cast(null as string) as industry,
        cast(null as string) as region,
        cast(null as string) as owner_source_id,
        cast(null as string) as currency_code,
        created_at,
        coalesce(updated_at, created_at) as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        coalesce(deleted_at is not null, false) as is_deleted
    from latest_organizations
)

select * from final
