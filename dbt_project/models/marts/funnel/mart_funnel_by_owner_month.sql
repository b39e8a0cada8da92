with

-- Fewer than ten say too little to rank anybody by, and nobody is no peer of anybody.
rated as (
    select
        *,
        {{ ratio_rate('reached_count', 'entered_count') }} as conversion_rate,
        entered_count >= 10 and scope_id not in ('(none)', '(unknown)') as is_ranked
    from {{ ref('int_funnel_by_owner_scope') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by
                tenant, pipeline_id, owner_basis, scope_kind, period_type, period_start,
                from_stage_id, to_stage_id, is_ranked
            order by conversion_rate desc, entered_count desc, scope_id asc
        ) as place
    from rated
),

final as (
    select
        tenant,
        pipeline_id,
        owner_basis,
        scope_kind,
        scope_id,
        period_type,
        period_start,
        from_stage_id,
        to_stage_id,
        entered_count,
        reached_count,
        skipped_count,
        open_count,
        entered_count - reached_count - open_count as lost_count,
        conversion_rate,
        {{ wilson_low('reached_count', 'entered_count') }} as conversion_rate_low,
        {{ wilson_high('reached_count', 'entered_count') }} as conversion_rate_high,
        open_count * 20 < entered_count as is_mature,
        is_ranked,
        case when is_ranked then place end as rank_by_rate,
        qualified_entered_count,
        entered_count - qualified_entered_count as unqualified_entered_count,
        qualified_reached_count,
        reached_count - qualified_reached_count as unqualified_reached_count,
        {{ ratio_rate('qualified_reached_count', 'qualified_entered_count') }}
            as qualified_conversion_rate,
        qualified_entered_amount,
        unqualified_entered_amount,
        currency_code
    from ranked
)

select * from final
