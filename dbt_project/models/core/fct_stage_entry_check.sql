with

verdicts as (
    select
        rule_id,
        stage_event_key,
        verdict_at_entry,
        verdict_now,
        observed_at_entry,
        observed_now,
        is_enforced,
        cured_at
    from {{ source('quality', 'stage_entry_verdict') }}
),

entries as (
    select
        stage_event_key,
        tenant,
        record_source_id,
        source_id,
        opportunity_key,
        pipeline_id,
        stage_id,
        entered_at,
        entered_date,
        owner_source_id_at_entry,
        amount_in_tenant_currency,
        tenant_currency_code,
        is_latest_of_record
    from {{ ref('fct_stage_event') }}
    where record_type = 'opportunity'
),

opportunities as (
    select
        opportunity_key,
        is_closed
    from {{ ref('fct_opportunity') }}
),

final as (
    select
        entries.tenant,
        entries.record_source_id as opportunity_source_id,
        entries.source_id as entry_source_id,
        verdicts.rule_id,
        entries.pipeline_id,
        entries.stage_id,
        entries.entered_at,
        entries.entered_date,
        entries.owner_source_id_at_entry,
        verdicts.verdict_at_entry,
        verdicts.verdict_now,
        verdicts.observed_at_entry,
        verdicts.observed_now,
        verdicts.cured_at,
        {{ days_of(seconds_between('entries.entered_at', 'verdicts.cured_at')) }} as days_to_cure,
        verdicts.is_enforced,
        case
            when
                verdicts.verdict_now = 'fail'
                and entries.is_latest_of_record
                and not opportunities.is_closed
                then entries.amount_in_tenant_currency
        end as amount_at_fault,
        entries.tenant_currency_code as currency_code
    from verdicts
    inner join entries
        on verdicts.stage_event_key = entries.stage_event_key
    inner join opportunities
        on entries.opportunity_key = opportunities.opportunity_key
)

select * from final
