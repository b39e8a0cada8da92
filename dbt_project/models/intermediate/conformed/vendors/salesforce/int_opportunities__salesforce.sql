with

latest_opportunitys as (
    select * from {{ latest_known(ref('stg_salesforce__opportunity'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'salesforce'", 'source_tenant', 'id') }} as opportunity_key,
        'salesforce' as source_system,
        source_tenant,
        id as source_id,
        name,
        account_id as account_source_id,
        owner_id as owner_source_id,
        'default' as pipeline_id,
        stage_name,
        amount,
        currency_code,
        probability_rate,
        close_date,
        type as opportunity_type,
        lead_source,
        loss_reason,
        next_step,
        created_at,
        closed_at,
        is_closed,
        is_won,
        discovery_completed_at,
        proposal_sent_at,
        customer_committed_at,
        contract_signed_at,
        modified_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        is_deleted
    from latest_opportunitys
)

select * from final
