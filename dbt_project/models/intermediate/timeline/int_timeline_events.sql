with

deals as (
    select
        opportunity_key,
        tenant,
        source_system,
        pipeline_type,
        outcome,
        owner_source_id,
        owner_source_id_at_close,
        created_at,
        created_date,
        closed_date,
        amount_at_close,
        currency_code
    from {{ ref('int_deals') }}
),

owners as (
    select
        record_key,
        owner_source_id,
        valid_from_at,
        valid_to_at
    from {{ ref('int_owner_intervals') }}
    where record_type = 'opportunity'
),

happened as (
    select
        tenant,
        source_system,
        'won_amount' as metric_id,
        closed_date as event_date,
        owner_source_id_at_close as owner_source_id,
        amount_at_close as value,
        currency_code
    from deals
    where outcome = 'won' and amount_at_close is not null

    union all

    select
        deals.tenant,
        deals.source_system,
        'created_count' as metric_id,
        deals.created_date as event_date,
        case
            when owners.record_key is not null then owners.owner_source_id
            else deals.owner_source_id
        end as owner_source_id,
        cast(1 as decimal(18, 2)) as value,
        cast(null as string) as currency_code
    from deals
    left join owners
        on
            deals.opportunity_key = owners.record_key
            and {{ is_valid_at('deals.created_at', 'owners') }}
    where deals.pipeline_type = 'opportunity'

    union all

    select
        stays.tenant,
        stays.source_system,
        'advance_count' as metric_id,
        stays.entered_date as event_date,
        stays.owner_source_id_at_entry as owner_source_id,
        cast(1 as decimal(18, 2)) as value,
        cast(null as string) as currency_code
    from {{ ref('fct_stage_interval') }} as stays
    inner join {{ ref('int_pipelines') }} as pipelines
        on stays.pipeline_id = pipelines.pipeline_id
    where stays.move_kind in ('forward', 'skip') and pipelines.pipeline_type = 'opportunity'
),

assignments as (
    select
        tenant,
        employee_number,
        region,
        valid_from,
        valid_to
    from {{ ref('stg_policy__rep_assignment') }}
),

final as (
    select
        happened.tenant,
        happened.metric_id,
        happened.event_date,
        reps.employee_number,
        reps.hired_on,
        coalesce(assignments.region, reps.region, '(unknown)') as region,
        happened.currency_code,
        count(*) as event_count,
        sum(happened.value) as value
    from happened
    left join {{ ref('dim_rep') }} as reps
        on
            happened.tenant = reps.tenant
            and happened.source_system = reps.source_system
            and happened.owner_source_id = reps.source_id
    left join assignments
        on
            happened.tenant = assignments.tenant
            and reps.employee_number = assignments.employee_number
            and {{ is_valid_on('happened.event_date', 'assignments') }}
    group by
        happened.tenant,
        happened.metric_id,
        happened.event_date,
        reps.employee_number,
        reps.hired_on,
        coalesce(assignments.region, reps.region, '(unknown)'),
        happened.currency_code
)

select * from final
