with

assignments as (
    select
        tenant,
        employee_number,
        plan_id,
        valid_from,
        valid_to
    from {{ ref('stg_policy__plan_assignment') }}
),

-- Every month from the first assignment on: a refund may come long after the last one.
periods as (
    select
        assignments.tenant,
        assignments.employee_number,
        assignments.plan_id,
        months.month as period_month,
        max(
            case
                when {{ is_valid_on('months.month', 'assignments') }} then 1
                else 0
            end
        ) = 1 as is_assigned
    from assignments
    inner join {{ ref('int_months') }} as months
        on months.month >= {{ month_of('assignments.valid_from') }}
    group by
        assignments.tenant,
        assignments.employee_number,
        assignments.plan_id,
        months.month
),

components as (
    select
        plan_id,
        component_id,
        boundary_operator,
        refusal,
        valid_from,
        valid_to
    from {{ ref('int_commission_components') }}
),

quotas as (
    select
        tenant,
        employee_number,
        quota_amount,
        currency_code,
        valid_from,
        valid_to
    from {{ ref('stg_policy__quota') }}
),

tenants as (
    select
        tenant,
        currency_code
    from {{ ref('dim_tenant') }}
),

final as (
    select
        periods.tenant,
        periods.employee_number,
        periods.plan_id,
        periods.period_month,
        periods.is_assigned,
        components.component_id,
        components.boundary_operator,
        quotas.quota_amount,
        tenants.currency_code,
        case
            when components.component_id is null then 'no_component'
            when components.refusal is not null then components.refusal
            when quotas.quota_amount is null or quotas.quota_amount <= 0 then 'missing_quota'
            when quotas.currency_code <> tenants.currency_code
                then 'quota_currency_not_supported'
            else 'calculated'
        end as calculation_status
    from periods
    inner join tenants
        on periods.tenant = tenants.tenant
    left join components
        on
            periods.plan_id = components.plan_id
            and periods.period_month >= components.valid_from
            and periods.period_month < components.valid_to
    left join quotas
        on
            periods.tenant = quotas.tenant
            and periods.employee_number = quotas.employee_number
            and {{ is_valid_on('periods.period_month', 'quotas') }}
)

select * from final
