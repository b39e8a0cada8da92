with

plans as (
    select
        plan_id,
        period_type,
        base,
        valid_from,
        valid_to
    from {{ ref('stg_policy__commission_plan') }}
),

components as (
    select
        plan_id,
        component_id,
        tier_method,
        boundary_operator,
        refund_effect,
        refund_period,
        valid_from,
        valid_to
    from {{ ref('stg_policy__plan_component') }}
),

final as (
    select
        components.plan_id,
        components.component_id,
        components.boundary_operator,
        greatest(components.valid_from, plans.valid_from) as valid_from,
        least(
            coalesce(components.valid_to, cast('9999-12-31' as date)),
            coalesce(plans.valid_to, cast('9999-12-31' as date))
        ) as valid_to,
        -- What is not supported pays nothing and stops the build; it is never taken for
        -- something similar.
        case
            when coalesce(plans.period_type, '') <> 'month'
                then 'period_type_not_supported'
            when coalesce(plans.base, '') <> 'cash_net_of_tax' then 'base_not_supported'
            when coalesce(components.tier_method, '') <> 'retroactive'
                then 'tier_method_not_supported'
            when
                coalesce(components.boundary_operator, '')
                not in ('lower_inclusive', 'lower_exclusive')
                then 'boundary_operator_not_supported'
            when coalesce(components.refund_effect, '') <> 'rate_of_line'
                then 'refund_effect_not_supported'
            when coalesce(components.refund_period, '') <> 'event'
                then 'refund_period_not_supported'
        end as refusal
    from components
    inner join plans
        on
            components.plan_id = plans.plan_id
            and (plans.valid_to is null or components.valid_from < plans.valid_to)
            and (components.valid_to is null or components.valid_to > plans.valid_from)
)

select * from final
