with

checks as (
    select
        tenant,
        pipeline_id,
        rule_id,
        stage_id,
        coalesce(owner_source_id_at_entry, '(none)') as owner_source_id,
        {{ week_of('entered_date') }} as week_start_date,
        verdict_at_entry,
        verdict_now,
        days_to_cure,
        is_enforced,
        amount_at_fault,
        currency_code
    from {{ ref('fct_stage_entry_check') }}
),

counted as (
    select
        tenant,
        pipeline_id,
        rule_id,
        stage_id,
        owner_source_id,
        week_start_date,
        count(*) as entry_count,
        count(case when is_enforced then 1 end) as enforced_entry_count,
        count(case when verdict_at_entry = 'fail' then 1 end) as violation_count,
        count(case when verdict_at_entry = 'unknown' then 1 end) as unknown_at_entry_count,
        count(case when verdict_now = 'fail' then 1 end) as failed_count,
        count(case when verdict_now = 'unknown' then 1 end) as unknown_count,
        count(case when verdict_now = 'cured' then 1 end) as cured_count,
        count(days_to_cure) as cured_at_known_count,
        {{ percentile('days_to_cure', 50) }} as median_days_to_cure,
        cast(sum(amount_at_fault) as decimal(18, 2)) as amount_at_fault,
        currency_code
    from checks
    group by
        tenant,
        pipeline_id,
        rule_id,
        stage_id,
        owner_source_id,
        week_start_date,
        currency_code
),

final as (
    select
        tenant,
        pipeline_id,
        rule_id,
        stage_id,
        owner_source_id,
        week_start_date,
        entry_count,
        enforced_entry_count,
        violation_count,
        unknown_at_entry_count,
        {{ ratio_rate('violation_count', 'entry_count') }} as violation_rate,
        failed_count,
        unknown_count,
        cured_count,
        cured_at_known_count,
        median_days_to_cure,
        amount_at_fault,
        currency_code
    from counted
)

select * from final
