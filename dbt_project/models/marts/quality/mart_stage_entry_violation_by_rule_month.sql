with

counted as (
    select
        tenant,
        pipeline_id,
        rule_id,
        {{ month_of('entered_date') }} as entry_month,
        count(*) as entry_count,
        count(case when verdict_now = 'fail' then 1 end) as failed_count,
        count(case when verdict_now = 'unknown' then 1 end) as unknown_count,
        count(case when verdict_now = 'cured' then 1 end) as cured_count,
        count(case when verdict_at_entry = 'fail' then 1 end) as violation_count,
        cast(sum(amount_at_fault) as decimal(18, 2)) as amount_at_fault,
        currency_code
    from {{ ref('fct_stage_entry_check') }}
    group by
        tenant,
        pipeline_id,
        rule_id,
        {{ month_of('entered_date') }},
        currency_code
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
