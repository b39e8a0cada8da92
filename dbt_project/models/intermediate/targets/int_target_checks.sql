{{ config(materialized='view') }}

with

periods as (
    select
        targets.*,
        {{ add_months(
            'targets.period_start',
            "case targets.period_type when 'year' then 12 when 'quarter' then 3 else 1 end"
        ) }} as next_period_start,
        {{ wide('targets.baseline_value') }} * (1 + targets.growth_rate) as grown_value
    from {{ ref('stg_policy__target') }} as targets
    where {{ is_valid_on(as_of_date(), 'targets') }}
),

tenants as (
    select
        tenant,
        currency_code
    from {{ ref('dim_tenant') }}
),

places as (
    select
        tenant,
        region,
        employee_number
    from {{ ref('stg_policy__rep_assignment') }}
    union all
    select
        tenant,
        region,
        employee_number
    from {{ ref('dim_rep') }}
),

scopes as (
    select
        tenant,
        'region' as scope_kind,
        region as scope_id
    from places
    union distinct
    select
        tenant,
        'rep' as scope_kind,
        employee_number as scope_id
    from places
),

overlapping as (
    select
        periods.target_id,
        periods.version,
        min(others.target_id) as overlapping_target_id
    from periods
    inner join periods as others
        on
            periods.tenant = others.tenant
            and periods.scope_kind = others.scope_kind
            and periods.scope_id = others.scope_id
            and periods.metric_id = others.metric_id
            and periods.version = others.version
            and periods.period_type = others.period_type
            and periods.target_id <> others.target_id
            and periods.period_start < others.next_period_start
            and periods.next_period_start > others.period_start
    group by periods.target_id, periods.version
),

judged as (
    select
        periods.*,
        tenants.currency_code as tenant_currency_code,
        overlapping.overlapping_target_id,
        periods.metric_id in ('won_amount', 'won_count')
        and (periods.scope_kind = 'tenant' or scopes.scope_id is not null) as is_specific,
        coalesce(periods.target_value > 0, false)
        and (
            periods.metric_id <> 'won_amount'
            or coalesce(periods.currency_code = tenants.currency_code, false)
        ) as is_measurable,
        case
            when periods.growth_rate is null or periods.target_value is null then null
            when coalesce(periods.baseline_value, 0) = 0 then false
            -- Half a percent of the grown baseline, compared without a division.
            else
                200 * abs(periods.target_value - periods.grown_value) <= periods.grown_value
        end as is_achievable,
        periods.owner is not null as is_relevant,
        case periods.period_type
            when 'year' then {{ year_of('periods.period_start') }}
            when 'quarter' then {{ quarter_of('periods.period_start') }}
            else {{ month_of('periods.period_start') }}
        end = periods.period_start as is_time_bound,
        overlapping.target_id is null as is_alone
    from periods
    left join tenants
        on periods.tenant = tenants.tenant
    left join scopes
        on
            periods.tenant = scopes.tenant
            and periods.scope_kind = scopes.scope_kind
            and periods.scope_id = scopes.scope_id
    left join overlapping
        on
            periods.target_id = overlapping.target_id and periods.version = overlapping.version
),

final as (
    select
        *,
        is_specific and is_measurable and coalesce(is_achievable, true) and is_relevant
        and is_time_bound and is_alone as is_sound
    from judged
)

select * from final
