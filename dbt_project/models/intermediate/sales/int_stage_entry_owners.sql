{{ config(materialized='view') }}

with

entries as (
    select
        stage_event_key,
        record_type,
        record_key,
        opportunity_key,
        entered_at
    from {{ of_changed(ref('int_stage_entries'), 'tenant, case_id') }}
),

owners as (
    select
        record_type,
        record_key,
        owner_source_id,
        valid_from_at,
        valid_to_at
    from {{ of_changed(ref('int_owner_intervals'), 'record_type, record_key') }}
),

opportunities as (
    select
        opportunity_key,
        owner_source_id
    from {{ of_changed(ref('fct_opportunity'), 'opportunity_key') }}
),

leads as (
    select
        lead_key,
        owner_source_id
    from {{ of_changed(ref('fct_lead'), 'tenant, case_id') }}
),

-- Of a lead that became a deal, the deal says who owns it now.
final as (
    select
        entries.stage_event_key,
        case
            when owners.record_key is not null then owners.owner_source_id
            when entries.record_type = 'opportunity' then opportunities.owner_source_id
            else leads.owner_source_id
        end as owner_source_id_at_entry,
        case
            when entries.opportunity_key is not null then opportunities.owner_source_id
            else leads.owner_source_id
        end as owner_source_id_now
    from entries
    left join owners
        on
            entries.record_type = owners.record_type
            and entries.record_key = owners.record_key
            and {{ is_valid_at('entries.entered_at', 'owners') }}
    left join opportunities
        on entries.opportunity_key = opportunities.opportunity_key
    left join leads
        on
            entries.record_type = 'lead'
            and entries.record_key = leads.lead_key
)

select * from final
