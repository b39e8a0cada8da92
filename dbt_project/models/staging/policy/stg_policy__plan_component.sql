with

final as (
    select
        plan_id,
        component_id,
        tier_method,
        boundary_operator,
        refund_effect,
        refund_period,
        valid_from,
        valid_to
    from {{ latest_policy('plan_component') }}
)

select * from final
