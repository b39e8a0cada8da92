{{ config(materialized='view') }}

with

entries as (
    select
        stage_event_key,
        opportunity_key,
        entered_at
    from {{ of_changed(ref('int_stage_entries'), 'tenant, case_id') }}
    where record_type = 'opportunity'
),

opportunities as (
    select
        opportunity_key,
        customer_committed_at,
        discovery_completed_at,
        proposal_sent_at,
        contract_signed_at
    from {{ of_changed(ref('fct_opportunity'), 'opportunity_key') }}
),

-- What a change says of the record as it was then, whatever was entered or taken away since.
recorded as (
    select
        entries.stage_event_key,
        max(case when changes.field_name = 'customer_committed_at' then 1 else 0 end) = 1
            as has_customer_committed_at,
        max(case when changes.field_name = 'customer_committed_at' then changes.evidence_at end)
            as customer_committed_at,
        max(case when changes.field_name = 'discovery_completed_at' then 1 else 0 end) = 1
            as has_discovery_completed_at,
        max(case when changes.field_name = 'discovery_completed_at' then changes.evidence_at end)
            as discovery_completed_at,
        max(case when changes.field_name = 'proposal_sent_at' then 1 else 0 end) = 1
            as has_proposal_sent_at,
        max(case when changes.field_name = 'proposal_sent_at' then changes.evidence_at end)
            as proposal_sent_at,
        max(case when changes.field_name = 'contract_signed_at' then 1 else 0 end) = 1
            as has_contract_signed_at,
        max(case when changes.field_name = 'contract_signed_at' then changes.evidence_at end)
            as contract_signed_at
    from entries
    inner join {{ of_changed(ref('int_evidence_intervals'), 'opportunity_key') }} as changes
        on
            entries.opportunity_key = changes.opportunity_key
            and {{ is_valid_at('entries.entered_at', 'changes') }}
    group by entries.stage_event_key
),

final as (
    select
        entries.stage_event_key,
        case
            when recorded.has_customer_committed_at then recorded.customer_committed_at
            else opportunities.customer_committed_at
        end as customer_committed_at_at_entry,
        case
            when recorded.has_discovery_completed_at then recorded.discovery_completed_at
            else opportunities.discovery_completed_at
        end as discovery_completed_at_at_entry,
        case
            when recorded.has_proposal_sent_at then recorded.proposal_sent_at
            else opportunities.proposal_sent_at
        end as proposal_sent_at_at_entry,
        case
            when recorded.has_contract_signed_at then recorded.contract_signed_at
            else opportunities.contract_signed_at
        end as contract_signed_at_at_entry
    from entries
    inner join opportunities
        on entries.opportunity_key = opportunities.opportunity_key
    left join recorded
        on entries.stage_event_key = recorded.stage_event_key
)

select * from final
