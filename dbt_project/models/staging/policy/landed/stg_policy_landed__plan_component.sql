with

landed as (
    select * from {{ landed('policy', 'plan_component') }}
),

final as (
    select
        plan_id,
        component_id,
        tier_method,
        boundary_operator,
        refund_effect,
        refund_period,
        valid_from,
        valid_to,
        {{ landing_columns() }}
    from landed
)

select * from final
