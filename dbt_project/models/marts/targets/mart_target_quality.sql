with

targets as (
    select * from {{ ref('int_target_checks') }}
),

checks as (
    select
        target_id,
        version,
        'specific' as check_id,
        is_specific as is_passed,
        metric_id || ' of ' || scope_kind || ' ' || scope_id as observed,
        'a metric and a scope that are known' as expected
    from targets

    union all

    select
        target_id,
        version,
        'measurable' as check_id,
        is_measurable as is_passed,
        coalesce(cast(target_value as string), 'nothing') || coalesce(' ' || currency_code, '')
            as observed,
        case
            when metric_id = 'won_amount'
                then 'above zero, in ' || coalesce(tenant_currency_code, 'a currency')
            else 'above zero'
        end as expected
    from targets

    union all

    select
        target_id,
        version,
        'achievable' as check_id,
        is_achievable as is_passed,
        coalesce(cast(target_value as string), 'nothing') as observed,
        case
            when growth_rate is null or baseline_value is null then 'a baseline and its growth'
            else 'about ' || cast(cast(grown_value as decimal(18, 2)) as string)
        end as expected
    from targets

    union all

    select
        target_id,
        version,
        'relevant' as check_id,
        is_relevant as is_passed,
        coalesce(owner, 'nobody') as observed,
        'an owner' as expected
    from targets

    union all

    select
        target_id,
        version,
        'time_bound' as check_id,
        is_time_bound as is_passed,
        cast(period_start as string) as observed,
        'the first day of a ' || period_type as expected
    from targets

    union all

    select
        target_id,
        version,
        'no_overlap' as check_id,
        is_alone as is_passed,
        coalesce(overlapping_target_id, 'none') as observed,
        'no other target of the period' as expected
    from targets
),

final as (
    select
        checks.target_id,
        checks.version,
        checks.check_id,
        targets.tenant,
        targets.scope_kind,
        targets.scope_id,
        targets.metric_id,
        targets.period_type,
        targets.period_start,
        targets.owner,
        case checks.is_passed when true then 'pass' when false then 'fail' else 'unknown' end
            as result,
        checks.observed,
        checks.expected
    from checks
    inner join targets
        on
            checks.target_id = targets.target_id
            and checks.version = targets.version
)

select * from final
