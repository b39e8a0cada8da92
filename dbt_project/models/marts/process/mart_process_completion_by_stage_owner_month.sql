with

deals as (
    select
        opportunity_key,
        responsible_source_id as owner_source_id
    from {{ ref('int_deals') }}
),

-- Of one deal in one stage: what of the required is missing decides how it went on.
stays as (
    select
        opportunity_key,
        tenant,
        pipeline_id,
        stage_id,
        stage_entered_month as entered_month,
        is_qualified,
        is_advanced,
        max(case when is_required and not is_met_in_time then 1 else 0 end) as unmet,
        count(case when is_required then 1 end) as required_count,
        count(case when is_required and is_met then 1 end) as met_count,
        count(case when is_required and is_met_before_stage then 1 end) as met_before_stage_count,
        count(case when is_required and is_evidence_removed then 1 end) as removed_count,
        count(case when not is_required then 1 end) as optional_count,
        count(case when not is_required and is_met then 1 end) as optional_met_count,
        sum(case when is_required then weight end) as required_weight,
        sum(case when is_required and is_met then weight when is_required then 0 end)
            as met_weight,
        sum(case when is_required then required_step_count else 0 end) as required_step_count,
        sum(case when is_required then done_step_count else 0 end) as done_step_count
    from {{ ref('fct_milestone') }}
    group by
        opportunity_key,
        tenant,
        pipeline_id,
        stage_id,
        stage_entered_month,
        is_qualified,
        is_advanced
),

sums as (
    select
        stays.tenant,
        stays.pipeline_id,
        stays.stage_id,
        deals.owner_source_id,
        stays.entered_month,
        count(*) as deal_count,
        count(case when stays.is_qualified then 1 end) as qualified_deal_count,
        cast(sum(stays.required_count) as bigint) as required_count,
        cast(sum(stays.met_count) as bigint) as met_count,
        cast(sum(stays.met_before_stage_count) as bigint) as met_before_stage_count,
        cast(sum(stays.removed_count) as bigint) as removed_count,
        cast(sum(stays.optional_count) as bigint) as optional_count,
        cast(sum(stays.optional_met_count) as bigint) as optional_met_count,
        cast(sum(stays.required_weight) as bigint) as required_weight,
        cast(sum(stays.met_weight) as bigint) as met_weight,
        count(case when stays.is_advanced then 1 end) as advanced_count,
        count(case when stays.is_advanced and stays.unmet = 1 then 1 end) as advanced_unmet_count,
        cast(sum(stays.required_step_count) as bigint) as required_step_count,
        cast(sum(stays.done_step_count) as bigint) as done_step_count
    from stays
    inner join deals
        on stays.opportunity_key = deals.opportunity_key
    group by
        stays.tenant,
        stays.pipeline_id,
        stays.stage_id,
        deals.owner_source_id,
        stays.entered_month
),

final as (
    select
        tenant,
        pipeline_id,
        stage_id,
        owner_source_id,
        entered_month,
        deal_count,
        qualified_deal_count,
        deal_count - qualified_deal_count as unqualified_deal_count,
        required_count,
        met_count,
        met_before_stage_count,
        removed_count,
        optional_count,
        optional_met_count,
        required_weight,
        met_weight,
        {{ ratio_rate('met_weight', 'required_weight') }} as progress_rate,
        advanced_count,
        advanced_unmet_count,
        {{ ratio_rate('advanced_unmet_count', 'advanced_count') }} as advanced_unmet_rate,
        required_step_count,
        done_step_count,
        {{ ratio_rate('done_step_count', 'required_step_count') }} as step_rate
    from sums
)

select * from final
