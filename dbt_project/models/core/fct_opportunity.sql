with

opportunities as (
    select
        opportunity_key,
        source_tenant as tenant,
        source_system,
        source_id,
        name,
        account_source_id,
        owner_source_id,
        pipeline_id,
        stage_name,
        amount,
        currency_code,
        probability_rate,
        close_date,
        opportunity_type,
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
        recorded_at,
        is_backfilled
    from {{ ref('int_opportunities__unioned') }}
    where not is_deleted and created_at < {{ as_of_at() }}
),

owners_at_close as (
    select
        opportunity_key,
        owner_source_id_at_close
    from {{ ref('int_owners_at_close') }}
),

pipelines as (
    select * from {{ ref('int_opportunity_pipelines') }}
),

tenants as (
    select
        tenant,
        reporting_timezone
    from {{ ref('dim_tenant') }}
),

final as (
    select
        opportunities.opportunity_key,
        opportunities.tenant,
        opportunities.source_system,
        opportunities.source_id,
        'opportunity:' || opportunities.source_id as case_id,
        opportunities.name,
        opportunities.account_source_id,
        {{ surrogate_key(
            'opportunities.source_system', 'opportunities.tenant', 'opportunities.account_source_id'
        ) }} as account_key,
        opportunities.owner_source_id,
        {{ surrogate_key(
            'opportunities.source_system', 'opportunities.tenant', 'opportunities.owner_source_id'
        ) }} as owner_key,
        owners_at_close.owner_source_id_at_close,
        {{ surrogate_key(
            'opportunities.source_system', 'opportunities.tenant',
            'owners_at_close.owner_source_id_at_close'
        ) }} as owner_key_at_close,
        pipelines.pipeline_id,
        pipelines.pipeline_type,
        opportunities.stage_name,
        opportunities.amount,
        opportunities.currency_code,
        opportunities.probability_rate,
        opportunities.close_date,
        opportunities.opportunity_type,
        opportunities.lead_source,
        opportunities.loss_reason,
        opportunities.next_step,
        opportunities.created_at,
        {{ to_reporting_date('opportunities.created_at', 'tenants.reporting_timezone') }}
            as created_date,
        {{ to_reporting_month('opportunities.created_at', 'tenants.reporting_timezone') }}
            as created_month,
        opportunities.closed_at,
        {{ to_reporting_date('opportunities.closed_at', 'tenants.reporting_timezone') }}
            as closed_date,
        {{ to_reporting_month('opportunities.closed_at', 'tenants.reporting_timezone') }}
            as closed_month,
        coalesce(opportunities.is_closed, false) as is_closed,
        coalesce(opportunities.is_won, false) as is_won,
        opportunities.discovery_completed_at,
        opportunities.proposal_sent_at,
        opportunities.customer_committed_at,
        opportunities.contract_signed_at,
        opportunities.recorded_at,
        opportunities.is_backfilled
    from opportunities
    left join pipelines
        on
            opportunities.source_system = pipelines.source_system
            and opportunities.tenant = pipelines.tenant
            and coalesce(opportunities.opportunity_type, '(none)') = pipelines.opportunity_type
            and coalesce(opportunities.pipeline_id, 'default') = pipelines.named_pipeline_id
    left join tenants
        on opportunities.tenant = tenants.tenant
    left join owners_at_close
        on opportunities.opportunity_key = owners_at_close.opportunity_key
)

select * from final
