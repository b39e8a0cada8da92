with

latest as (
    select * from {{ latest_known(ref('stg_salesforce__contract'), 'id') }}
),

opportunities as (
    select
        source_tenant,
        id,
        contract_id,
        row_number() over (
            partition by source_tenant, contract_id order by created_at, id
        ) as rank_of_contract
    from {{ latest_known(ref('stg_salesforce__opportunity'), 'id') }}
    where contract_id is not null and not is_deleted
),

final as (
    select
        {{ surrogate_key("'salesforce'", 'latest.source_tenant', 'latest.id') }} as contract_key,
        'salesforce' as source_system,
        latest.source_tenant,
        latest.id as source_id,
        latest.account_id as account_source_id,
        opportunities.id as opportunity_reference,
        latest.contract_number,
        case when latest.status = 'Activated' then 'active' else 'draft' end as status,
        latest.owner_id as owner_source_id,
        cast(latest.customer_signed_date as timestamp) as signed_at,
        cast(latest.start_date as timestamp) as starts_at,
        cast({{ add_days('latest.end_date', 1) }} as timestamp) as ends_at,
        latest.currency_code,
        latest.created_at,
        latest.modified_at as effective_at,
        latest._recorded_at as recorded_at,
        latest._is_backfilled as is_backfilled,
        latest.is_deleted
    from latest
    left join opportunities
        on
            latest.source_tenant = opportunities.source_tenant
            and latest.id = opportunities.contract_id
            and opportunities.rank_of_contract = 1
)

select * from final
