with

latest_users as (
    select * from {{ latest_known(ref('stg_roundup__user'), 'id') }}
),

-- Roundup knows people, not companies: those who write from one domain are one account.
ranked_users as (
    select
        *,
        min(created_at) over (
            partition by source_tenant, domain
        ) as first_created_at,
        row_number() over (
            partition by source_tenant, domain
            order by created_at desc, cast(id as bigint) desc
        ) as newest_rank
    from latest_users
    where domain is not null
),

final as (
    select
        {{ surrogate_key("'roundup'", 'source_tenant', 'domain') }} as account_key,
        'roundup' as source_system,
        source_tenant,
        domain as source_id,
        'support' as account_role,
        nullif(trim(organisation), '') as name,
        cast(null as string) as external_reference,
        domain,
        cast(null as string) as parent_source_id,
        cast(null as string) as industry,
        cast(null as string) as region,
        cast(null as string) as owner_source_id,
        cast(null as string) as currency_code,
        first_created_at as created_at,
        updated_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        false as is_deleted
    from ranked_users
    where newest_rank = 1
)

select * from final
