with

latest as (
    select * from {{ latest_known(ref('stg_stripe__subscription'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'stripe'", 'source_tenant', 'id') }} as contract_key,
        'stripe' as source_system,
        source_tenant,
        id as source_id,
        customer as account_source_id,
        nullif(trim(opportunity_id), '') as opportunity_reference,
        cast(null as string) as contract_number,
        case
            when status = 'incomplete' then 'draft'
            when status in ('trialing', 'active', 'past_due', 'unpaid') then 'active'
            when status in ('canceled', 'incomplete_expired') then 'ended'
            else status
        end as status,
        cast(null as string) as owner_source_id,
        cast(null as timestamp) as signed_at,
        starts_at,
        coalesce(ended_at, cancel_at) as ends_at,
        currency_code,
        created_at,
        coalesce(ended_at, created_at) as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        false as is_deleted
    from latest
)

select * from final
