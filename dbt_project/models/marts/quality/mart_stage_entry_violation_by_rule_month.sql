with

verdicts as (
    select
        rule_id,
        stage_event_key,
        verdict_at_entry,
        verdict_now
    from {{ source('quality', 'stage_entry_verdict') }}
),

entries as (
    select
        stage_event_key,
        opportunity_key,
        tenant,
        pipeline_id,
        entered_month,
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

judged as (
    select
        entries.tenant,
        entries.pipeline_id,
        verdicts.rule_id,
        entries.entered_month,
        verdicts.verdict_at_entry,
        verdicts.verdict_now,
        case
            when
                verdicts.verdict_now = 'fail'
                and entries.is_latest_of_record
                and not opportunities.is_closed
                then entries.amount_in_tenant_currency
        end as amount_at_fault,
        entries.tenant_currency_code
    from verdicts
    inner join entries
        on verdicts.stage_event_key = entries.stage_event_key
    inner join opportunities
        on entries.opportunity_key = opportunities.opportunity_key
),

counted as (
    select
        tenant,
        pipeline_id,
        rule_id,
        entered_month as entry_month,
        count(*) as entry_count,
        count(case when verdict_now = 'fail' then 1 end) as failed_count,
        count(case when verdict_now = 'unknown' then 1 end) as unknown_count,
        count(case when verdict_now = 'cured' then 1 end) as cured_count,
        count(case when verdict_at_entry = 'fail' then 1 end) as violation_count,
        cast(sum(amount_at_fault) as decimal(18, 2)) as amount_at_fault,
        tenant_currency_code as currency_code
    from judged
    group by
        tenant,
        pipeline_id,
        rule_id,
        entered_month,
        tenant_currency_code
),

final as (
    select
        tenant,
        pipeline_id,
        rule_id,
        entry_month,
        entry_count,
        failed_count,
        unknown_count,
        cured_count,
        violation_count,
        {{ ratio_rate('violation_count', 'entry_count') }} as violation_rate,
        amount_at_fault,
        currency_code
    from counted
)

select * from final
