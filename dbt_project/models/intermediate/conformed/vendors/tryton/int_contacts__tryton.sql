with

latest as (
    select * from {{ latest_known(ref('stg_tryton__contact_mechanism'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'tryton'", 'source_tenant', 'id') }} as contact_key,
        'tryton' as source_system,
        source_tenant,
        id as source_id,
        party as account_source_id,
        email_domain,
        cast(null as string) as job_title,
        cast(null as string) as department,
        cast(null as string) as owner_source_id,
        is_active,
        created_at,
        modified_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        is_deleted
    from latest
    where type = 'email'
)

select * from final
