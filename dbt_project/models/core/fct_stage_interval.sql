{{ config(materialized='incremental', pre_hook="{{ forget_changed('tenant, case_id') }}") }}

with

stays as (
    select
        tenant,
        source_system,
        case_id,
        opportunity_key,
        pipeline_id,
        stage_id,
        stage_order,
        stage_kind,
        entered_at,
        entered_date,
        entered_month,
        owner_source_id_at_entry,
        is_qualified,
        amount,
        currency_code,
        stay_number,
        from_stage_id,
        from_stage_order,
        from_stage_kind,
        left_at,
        next_stage_id,
        is_first_in_stage
    from {{ of_changed(ref('int_stays'), 'tenant, case_id') }}
),

counted_stages as (
    select
        pipeline_id,
        stage_order,
        valid_from,
        valid_to
    from {{ ref('dim_stage') }}
    where {{ is_counted('stage_kind') }}
),

-- Moves over a stage that the process had on that day.
leaps as (
    select
        stays.tenant,
        stays.case_id,
        stays.stay_number
    from stays
    inner join counted_stages
        on
            stays.pipeline_id = counted_stages.pipeline_id
            and stays.from_stage_order < counted_stages.stage_order
            and stays.stage_order > counted_stages.stage_order
            and {{ is_valid_on('stays.entered_date', 'counted_stages') }}
    group by
        stays.tenant,
        stays.case_id,
        stays.stay_number
),

final as (
    select
        stays.tenant,
        stays.source_system,
        stays.case_id,
        cast(stays.stay_number as int) as stay_number,
        stays.opportunity_key,
        case
            when stays.opportunity_key is not null
                then substring(stays.case_id, length('opportunity:') + 1)
        end as opportunity_source_id,
        stays.pipeline_id,
        stays.stage_id,
        stays.stage_order,
        stays.stage_kind,
        stays.entered_at,
        stays.entered_date,
        stays.entered_month,
        stays.owner_source_id_at_entry,
        case
            when stays.stay_number = 1 then 'start'
            when {{ is_lost('stays.stage_kind') }} then stays.stage_kind
            when {{ is_lost('stays.from_stage_kind') }} then 'reopened'
            when stays.stage_order < stays.from_stage_order then 'backward'
            when leaps.stay_number is not null then 'skip'
            else 'forward'
        end as move_kind,
        coalesce(stays.from_stage_id, '(start)') as from_stage_id,
        stays.left_at,
        stays.next_stage_id,
        {{ seconds_between('stays.entered_at', 'stays.left_at') }} as stay_seconds,
        stays.left_at is null as is_latest,
        stays.is_first_in_stage,
        stays.is_qualified,
        stays.amount,
        stays.currency_code
    from stays
    left join leaps
        on
            stays.tenant = leaps.tenant
            and stays.case_id = leaps.case_id
            and stays.stay_number = leaps.stay_number
)

select * from final
