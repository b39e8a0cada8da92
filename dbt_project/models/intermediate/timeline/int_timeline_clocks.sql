{{ config(materialized='view') }}

with

events as (
    select * from {{ ref('int_timeline_events') }}
),

stays as (
    select
        tenant,
        case_id,
        stay_number,
        pipeline_id,
        stage_id,
        stage_kind,
        entered_date,
        move_kind
    from {{ ref('fct_stage_interval') }}
),

quarters as (
    select
        events.*,
        scopes.scope_kind,
        case scopes.scope_kind
            when 'tenant' then '*'
            when 'region' then events.region
            else events.employee_number
        end as scope_id,
        {{ quarter_of('events.event_date') }} as started_date
    from events
    cross join (values ('tenant'), ('region'), ('rep')) as scopes (scope_kind)
),

-- A stay that is left by no step forward starts the clock of its stage all the same.
leavings as (
    select
        stays.tenant,
        stays.pipeline_id || '/' || stays.stage_id as scope_id,
        {{ quarter_of('stays.entered_date') }} as started_date,
        {{ days_between('stays.entered_date', 'steps.entered_date') }} as clock_day,
        count(steps.stay_number) as event_count,
        sum(count(*)) over (
            partition by
                stays.tenant, stays.pipeline_id, stays.stage_id,
                {{ quarter_of('stays.entered_date') }}
        ) as entered_count
    from stays
    left join stays as steps
        on
            stays.tenant = steps.tenant
            and stays.case_id = steps.case_id
            and stays.stay_number + 1 = steps.stay_number
            and steps.move_kind in ('forward', 'skip')
    where stays.stage_kind = 'open'
    group by
        stays.tenant,
        stays.pipeline_id,
        stays.stage_id,
        {{ quarter_of('stays.entered_date') }},
        {{ days_between('stays.entered_date', 'steps.entered_date') }}
),

final as (
    select
        tenant,
        'quarter' as clock,
        metric_id,
        scope_kind,
        scope_id,
        started_date,
        {{ days_between('started_date', 'event_date') }} as clock_day,
        event_count,
        value,
        cast(null as bigint) as entered_count,
        currency_code
    from quarters
    where scope_id is not null

    union all

    select
        tenant,
        'hire' as clock,
        metric_id,
        'rep' as scope_kind,
        employee_number as scope_id,
        hired_on as started_date,
        {{ days_between('hired_on', 'event_date') }} as clock_day,
        event_count,
        value,
        cast(null as bigint) as entered_count,
        currency_code
    from events
    where employee_number is not null and event_date >= hired_on

    union all

    select
        tenant,
        'stage_entry' as clock,
        'advance_count' as metric_id,
        'stage' as scope_kind,
        scope_id,
        started_date,
        clock_day,
        event_count,
        cast(event_count as decimal(18, 2)) as value,
        cast(entered_count as bigint) as entered_count,
        cast(null as string) as currency_code
    from leavings
    where clock_day is not null
)

select * from final
