with

paths as (
    select
        tenant,
        pipeline_id,
        cohort_month,
        from_stage_id,
        to_stage_id,
        is_qualified,
        is_reached,
        is_entered,
        is_lost,
        entry_count,
        amount_in_tenant_currency,
        currency_code
    from {{ ref('int_funnel_paths') }}
),

months as (
    select
        pipeline_id,
        month,
        pipeline_type,
        process_version,
        is_comparable
    from {{ ref('int_pipeline_months') }}
),

counted as (
    select
        tenant,
        pipeline_id,
        cohort_month,
        from_stage_id,
        to_stage_id,
        cast(sum(entry_count) as bigint) as entered_count,
        cast(
            sum(case when is_reached then entry_count else 0 end) as bigint
        ) as reached_count,
        cast(
            sum(case when is_reached and not is_entered then entry_count else 0 end) as bigint
        ) as skipped_count,
        cast(
            sum(case when not is_reached and not is_lost then entry_count else 0 end) as bigint
        ) as open_count,
        cast(
            sum(case when is_qualified then entry_count else 0 end) as bigint
        ) as qualified_entered_count,
        cast(
            sum(case when is_qualified and is_reached then entry_count else 0 end) as bigint
        ) as qualified_reached_count,
        cast(
            sum(case when is_qualified then amount_in_tenant_currency end) as decimal(18, 2)
        ) as qualified_entered_amount,
        cast(
            sum(case when not is_qualified then amount_in_tenant_currency end) as decimal(18, 2)
        ) as unqualified_entered_amount,
        currency_code
    from paths
    group by
        tenant,
        pipeline_id,
        cohort_month,
        from_stage_id,
        to_stage_id,
        currency_code
),

dated as (
    select
        counted.*,
        coalesce(months.pipeline_type, 'opportunity') as pipeline_type,
        months.process_version,
        coalesce(months.is_comparable, false) as is_comparable
    from counted
    left join months
        on
            counted.pipeline_id = months.pipeline_id
            and counted.cohort_month = months.month
),

final as (
    select
        tenant,
        pipeline_id,
        cohort_month,
        from_stage_id,
        to_stage_id,
        pipeline_type,
        process_version,
        is_comparable,
        entered_count,
        reached_count,
        skipped_count,
        open_count,
        {{ ratio_rate('reached_count', 'entered_count') }} as conversion_rate,
        {{ ratio_rate('open_count', 'entered_count') }} as open_rate,
        open_count * 100 < entered_count * 5 as is_mature,
        qualified_entered_count,
        entered_count - qualified_entered_count as unqualified_entered_count,
        qualified_reached_count,
        reached_count - qualified_reached_count as unqualified_reached_count,
        {{ ratio_rate('qualified_reached_count', 'qualified_entered_count') }}
            as qualified_conversion_rate,
        qualified_entered_amount,
        unqualified_entered_amount,
        currency_code
    from dated
)

select * from final
