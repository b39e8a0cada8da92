{{ config(materialized='incremental', pre_hook="{{ forget_changed('opportunity_key') }}") }}

with

entries as (
    select
        stage_event_key,
        tenant,
        source_system,
        source_id,
        opportunity_key,
        record_source_id,
        pipeline_id,
        stage_id,
        stage_name,
        entered_at,
        entered_date,
        amount_at_entry,
        currency_code_at_entry,
        close_date_at_entry
    from {{ of_changed(ref('int_stage_entries'), 'tenant, case_id') }}
    where record_type = 'opportunity'
),

opportunities as (
    select
        opportunity_key,
        created_at,
        amount,
        currency_code,
        close_date,
        owner_source_id,
        customer_committed_at,
        discovery_completed_at,
        proposal_sent_at,
        contract_signed_at,
        is_closed
    from {{ of_changed(ref('fct_opportunity'), 'opportunity_key') }}
),

decision_makers as (
    select
        opportunity_key,
        created_at
    from {{ of_changed(ref('int_decision_makers'), 'opportunity_key') }}
),

decision_maker_counts as (
    select
        entries.stage_event_key,
        count(*) as decision_maker_count,
        count(case when decision_makers.created_at <= entries.entered_at then 1 end)
            as decision_maker_count_at_entry
    from entries
    inner join decision_makers
        on entries.opportunity_key = decision_makers.opportunity_key
    group by entries.stage_event_key
),

tenants as (
    select
        tenant,
        currency_code
    from {{ ref('dim_tenant') }}
),

final as (
    select
        entries.stage_event_key,
        entries.tenant,
        entries.source_system,
        entries.source_id,
        entries.opportunity_key,
        entries.record_source_id as opportunity_source_id,
        entries.pipeline_id,
        entries.stage_id,
        entries.stage_name,
        entries.entered_at,
        entries.entered_date,
        opportunities.created_at,
        opportunities.amount,
        opportunities.currency_code,
        {{ rd_rate('opportunities.amount', 'plan_rates.rate') }} as amount_in_tenant_currency,
        tenants.currency_code as tenant_currency_code,
        opportunities.close_date,
        opportunities.owner_source_id,
        opportunities.customer_committed_at,
        opportunities.discovery_completed_at,
        opportunities.proposal_sent_at,
        opportunities.contract_signed_at,
        opportunities.is_closed,
        coalesce(decision_maker_counts.decision_maker_count, 0) as decision_maker_count,
        entries.amount_at_entry,
        entries.currency_code_at_entry,
        entries.close_date_at_entry,
        owners.owner_source_id_at_entry,
        evidence.customer_committed_at_at_entry,
        evidence.discovery_completed_at_at_entry,
        evidence.proposal_sent_at_at_entry,
        evidence.contract_signed_at_at_entry,
        coalesce(decision_maker_counts.decision_maker_count_at_entry, 0)
            as decision_maker_count_at_entry
    from entries
    inner join opportunities
        on entries.opportunity_key = opportunities.opportunity_key
    left join decision_maker_counts
        on entries.stage_event_key = decision_maker_counts.stage_event_key
    left join {{ ref('int_stage_entry_owners') }} as owners
        on entries.stage_event_key = owners.stage_event_key
    left join {{ ref('int_stage_entry_evidence') }} as evidence
        on entries.stage_event_key = evidence.stage_event_key
    left join tenants
        on entries.tenant = tenants.tenant
    {{ join_plan_rate(
        'opportunities.currency_code', 'tenants.currency_code', 'entries.entered_date'
    ) }}
)

select * from final
