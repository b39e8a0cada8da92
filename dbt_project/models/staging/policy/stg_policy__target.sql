with

final as (
    select
        target_id,
        tenant,
        scope_kind,
        scope_id,
        metric_id,
        period_type,
        period_start,
        target_value,
        currency_code,
        baseline_value,
        growth_rate,
        owner,
        method,
        version,
        valid_from,
        valid_to
    from {{ latest_policy('target') }}
)

select * from final
