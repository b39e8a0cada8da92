with

deals as (
    select
        opportunity_key,
        tenant,
        opportunity_source_id,
        pipeline_id,
        owner_source_id,
        new_or_repeat,
        amount_at_as_of,
        is_qualified,
        currency_code
    from {{ ref('int_deals') }}
    where outcome = 'open'
),

progress as (
    select * from {{ ref('int_deal_progress') }}
),

plans as (
    select
        opportunity_key,
        next_activity_at,
        activity_due_date,
        next_activity_type,
        step_owner_source_id,
        has_no_next_step
    from {{ ref('int_deal_plans') }}
),

benchmarks as (
    select
        tenant,
        pipeline_id,
        stage_id,
        segment_id,
        standard_p75_days
    from {{ ref('mart_stage_benchmark_by_month') }}
    where benchmark_month = {{ as_of_month() }}
),

placed as (
    select
        deals.*,
        progress.stage_id,
        progress.stage_entered_at,
        coalesce(progress.required_count, 0) as required_count,
        coalesce(progress.met_count, 0) as met_count,
        progress.required_weight,
        progress.met_weight,
        progress.next_milestone_id,
        progress.step_id,
        progress.step_activity_type,
        progress.next_stage_id,
        coalesce(progress.unmet_elsewhere_count, 0) as unmet_elsewhere_count,
        plans.next_activity_at,
        plans.activity_due_date,
        plans.next_activity_type,
        plans.step_owner_source_id,
        plans.has_no_next_step,
        benchmarks.standard_p75_days,
        {{ add_days(
            'progress.stage_entered_date', 'cast(ceil(benchmarks.standard_p75_days) as int)'
        ) }} as standard_date
    from deals
    left join progress
        on deals.opportunity_key = progress.opportunity_key
    inner join plans
        on deals.opportunity_key = plans.opportunity_key
    left join benchmarks
        on
            deals.tenant = benchmarks.tenant
            and deals.pipeline_id = benchmarks.pipeline_id
            and progress.stage_id = benchmarks.stage_id
            and deals.new_or_repeat = benchmarks.segment_id
),

final as (
    select
        tenant,
        opportunity_source_id,
        pipeline_id,
        owner_source_id,
        stage_id,
        stage_entered_at,
        required_count,
        met_count,
        required_weight,
        met_weight,
        {{ ratio_rate('met_weight', 'required_weight') }} as progress_rate,
        next_milestone_id,
        step_id,
        step_activity_type,
        next_stage_id,
        case
            when next_milestone_id is not null then 'meet_milestone'
            when next_stage_id is not null then 'advance'
        end as next_action,
        unmet_elsewhere_count,
        next_activity_at,
        next_activity_type,
        step_owner_source_id,
        standard_p75_days,
        coalesce(activity_due_date, standard_date) as due_date,
        case
            when activity_due_date is not null then 'activity'
            when standard_date is not null then 'stage_standard'
        end as due_basis,
        coalesce(coalesce(activity_due_date, standard_date) < {{ as_of_date() }}, false)
            as is_overdue,
        has_no_next_step,
        amount_at_as_of as amount,
        is_qualified,
        currency_code
    from placed
)

select * from final
