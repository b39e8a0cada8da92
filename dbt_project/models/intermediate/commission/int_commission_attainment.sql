with

points as (
    select
        tenant,
        employee_number,
        plan_id,
        component_id,
        period_month,
        point_id,
        credited_amount,
        boundary_operator,
        quota_amount,
        calculation_status
    from {{ ref('int_commission_points') }}
),

tiers as (
    select
        component_id,
        tier_number,
        lower_attainment,
        rate,
        valid_from,
        valid_to
    from {{ ref('stg_policy__rate_tier') }}
),

-- Compared by cross-multiplication, never through a rounded percentage. decimal(19, 6) times
-- decimal(18, 2) is exact on every engine.
reached as (
    select
        points.tenant,
        points.employee_number,
        points.plan_id,
        points.period_month,
        points.point_id,
        tiers.tier_number,
        tiers.rate,
        row_number() over (
            partition by
                points.tenant,
                points.employee_number,
                points.plan_id,
                points.period_month,
                points.point_id
            order by tiers.lower_attainment desc, tiers.tier_number desc
        ) as rank_from_top
    from points
    inner join tiers
        on
            points.component_id = tiers.component_id
            and {{ is_valid_on('points.period_month', 'tiers') }}
            and case points.boundary_operator
                when 'lower_inclusive'
                    then
                        points.credited_amount
                        >= tiers.lower_attainment * {{ wide('points.quota_amount') }}
                when 'lower_exclusive'
                    then
                        points.credited_amount
                        > tiers.lower_attainment * {{ wide('points.quota_amount') }}
            end
    where points.calculation_status = 'calculated'
),

final as (
    select
        points.tenant,
        points.employee_number,
        points.plan_id,
        points.component_id,
        points.period_month,
        points.point_id,
        points.credited_amount,
        points.quota_amount,
        {{ ratio_rate('points.credited_amount', 'points.quota_amount', 18) }} as attainment_rate,
        reached.tier_number,
        case
            when points.calculation_status = 'calculated'
                then coalesce(reached.rate, cast(0 as decimal(18, 6)))
        end as rate,
        points.calculation_status
    from points
    left join reached
        on
            points.tenant = reached.tenant
            and points.employee_number = reached.employee_number
            and points.plan_id = reached.plan_id
            and points.period_month = reached.period_month
            and points.point_id = reached.point_id
            and reached.rank_from_top = 1
)

select * from final
