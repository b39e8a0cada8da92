with

latest as (
    select * from {{ latest_known(ref('stg_salesforce__campaign'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'salesforce'", 'source_tenant', 'id') }} as channel_spend_key,
        'salesforce' as source_system,
        source_tenant,
        id as source_id,
        type as channel,
        id as campaign_source_id,
        name as campaign_name,
        coalesce(start_date, cast(created_at as date)) as period_start_on,
        {{ add_days('end_date', 1) }} as period_end_on,
        actual_cost as amount,
        currency_code,
        modified_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        is_deleted
    from latest
    where actual_cost is not null
)

select * from final
