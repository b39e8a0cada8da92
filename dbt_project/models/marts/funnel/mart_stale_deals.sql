with

deals as (
    select
        opportunity_key,
        tenant,
        opportunity_source_id,
        pipeline_id,
        owner_source_id,
        new_or_repeat,
        close_date,
        amount_at_as_of,
        is_qualified,
        currency_code
    from {{ ref('int_deals') }}
    where outcome = 'open'
),

stays as (
    select
        opportunity_key,
        stage_id,
        entered_at
    from {{ ref('fct_stage_interval') }}
    where is_latest and opportunity_key is not null
),

benchmarks as (
    select
        tenant,
        pipeline_id,
        stage_id,
        segment_id,
        standard_p90_days
    from {{ ref('mart_stage_benchmark_by_month') }}
    where benchmark_month = {{ as_of_month() }}
),

signs as (
    select
        opportunity_key,
        last_activity_at,
        has_planned_activity,
        push_count
    from {{ ref('int_open_deal_signs') }}
),

settings as (
    select coalesce(max(cast(setting.value as int)), 30) as silent_days
    from {{ ref('stg_policy__setting') }} as setting
    where setting.name = 'stale_silent_days' and {{ is_valid_on(as_of_date(), 'setting') }}
),

measured as (
    select
        deals.*,
        stays.stage_id,
        stays.entered_at as stage_entered_at,
        {{ days_of(seconds_between('stays.entered_at', as_of_at())) }} as days_in_stage,
        benchmarks.standard_p90_days,
        signs.last_activity_at,
        {{ days_of(seconds_between('signs.last_activity_at', as_of_at())) }}
            as days_since_activity,
        signs.has_planned_activity,
        signs.push_count,
        settings.silent_days
    from deals
    left join stays
        on deals.opportunity_key = stays.opportunity_key
    left join benchmarks
        on
            deals.tenant = benchmarks.tenant
            and deals.pipeline_id = benchmarks.pipeline_id
            and stays.stage_id = benchmarks.stage_id
            and deals.new_or_repeat = benchmarks.segment_id
    left join signs
        on deals.opportunity_key = signs.opportunity_key
    cross join settings
),

judged as (
    select
        *,
        coalesce(days_in_stage > standard_p90_days, false) as is_older_than_p90,
        coalesce(days_since_activity > silent_days, true) and not has_planned_activity
            as is_silent,
        push_count >= 3 as is_pushed_often,
        coalesce(close_date < {{ as_of_date() }}, false) as is_past_close_date
    from measured
),

final as (
    select
        tenant,
        opportunity_source_id,
        pipeline_id,
        owner_source_id,
        stage_id,
        stage_entered_at,
        days_in_stage,
        standard_p90_days,
        last_activity_at,
        days_since_activity,
        push_count,
        is_older_than_p90,
        is_silent,
        is_pushed_often,
        is_past_close_date,
        cast(is_older_than_p90 as int) + cast(is_silent as int) + cast(is_pushed_often as int)
        + cast(is_past_close_date as int) as rule_count,
        is_older_than_p90 and is_silent or is_pushed_often as is_stale,
        amount_at_as_of as amount,
        is_qualified,
        currency_code
    from judged
)

select * from final
