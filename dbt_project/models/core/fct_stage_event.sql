{{ config(materialized='incremental', pre_hook="{{ forget_changed('tenant, case_id') }}") }}

with

entries as (
    select
        stage_event_key,
        tenant,
        source_system,
        source_id,
        case_id,
        record_type,
        record_key,
        record_source_id,
        opportunity_key,
        pipeline_id,
        stage_id,
        stage_order,
        stage_kind,
        stage_name,
        entered_at,
        entered_date,
        amount_at_entry,
        currency_code_at_entry
    from {{ of_changed(ref('int_stage_entries'), 'tenant, case_id') }}
),

-- Unknown is not passed: a rule that cannot be judged leaves its entry unqualified.
faults as (
    select
        stage_event_key,
        count(*) as fault_count
    from {{ source('quality', 'stage_entry_verdict') }}
    where verdict_now in ('fail', 'unknown')
    group by stage_event_key
),

owners as (
    select
        stage_event_key,
        owner_source_id_at_entry,
        owner_source_id_now
    from {{ ref('int_stage_entry_owners') }}
),

opportunities as (
    select
        opportunity_key,
        amount,
        currency_code
    from {{ of_changed(ref('fct_opportunity'), 'opportunity_key') }}
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
        entries.case_id,
        entries.record_type,
        entries.record_source_id,
        entries.opportunity_key,
        entries.pipeline_id,
        entries.stage_id,
        entries.stage_order,
        entries.stage_kind,
        entries.stage_name,
        entries.entered_at,
        entries.entered_date,
        {{ month_of('entries.entered_date') }} as entered_month,
        owners.owner_source_id_at_entry,
        owners.owner_source_id_now,
        entries.amount_at_entry,
        entries.currency_code_at_entry,
        {{ rd_rate('opportunities.amount', 'plan_rates.rate') }} as amount_in_tenant_currency,
        tenants.currency_code as tenant_currency_code,
        faults.stage_event_key is null as is_qualified,
        row_number() over (
            partition by entries.tenant, entries.case_id, entries.stage_id
            order by entries.entered_at, entries.stage_order, entries.source_id
        ) = 1 as is_first_of_case_in_stage,
        row_number() over (
            partition by entries.tenant, entries.case_id
            order by
                entries.entered_at desc, entries.stage_order desc, entries.source_id desc
        ) = 1 as is_latest_of_case,
        row_number() over (
            partition by entries.record_key
            order by
                entries.entered_at desc, entries.stage_order desc, entries.source_id desc
        ) = 1 as is_latest_of_record
    from entries
    left join faults
        on entries.stage_event_key = faults.stage_event_key
    left join owners
        on entries.stage_event_key = owners.stage_event_key
    left join opportunities
        on entries.opportunity_key = opportunities.opportunity_key
    left join tenants
        on entries.tenant = tenants.tenant
    {{ join_plan_rate(
        'opportunities.currency_code', 'tenants.currency_code', 'entries.entered_date'
    ) }}
)

select * from final
