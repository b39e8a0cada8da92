with

-- What was entered, on its day; and what the deals are called now.
names as (
    select
        source_system,
        tenant,
        pipeline_id,
        record_type,
        stage_name,
        entered_date
    from {{ ref('int_stage_moves') }}

    union distinct

    select
        source_system,
        tenant,
        pipeline_id,
        'opportunity' as record_type,
        stage_name,
        {{ as_of_date() }} as entered_date
    from {{ ref('fct_opportunity') }}
),

stage_map as (
    select
        source_system,
        tenant,
        pipeline_id,
        record_type,
        source_stage,
        stage_id,
        valid_from,
        valid_to
    from {{ ref('stg_policy__stage_map') }}
),

stages as (
    select
        pipeline_id,
        stage_id,
        stage_order,
        stage_kind,
        valid_from,
        valid_to
    from {{ ref('dim_stage') }}
),

-- The most specific row wins: this tenant's before everybody's, this pipeline's before any's.
mapped as (
    select
        names.source_system,
        names.tenant,
        names.pipeline_id,
        names.record_type,
        names.stage_name,
        names.entered_date,
        stage_map.stage_id,
        row_number() over (
            partition by
                names.source_system, names.tenant, names.pipeline_id, names.record_type,
                names.stage_name, names.entered_date
            order by
                case when stage_map.tenant = '*' then 1 else 0 end,
                case when stage_map.pipeline_id = '*' then 1 else 0 end
        ) as specificity_rank
    from names
    inner join stage_map
        on
            names.source_system = stage_map.source_system
            and names.record_type = stage_map.record_type
            and names.stage_name = stage_map.source_stage
            and stage_map.tenant in (names.tenant, '*')
            and stage_map.pipeline_id in (names.pipeline_id, '*')
            and {{ is_valid_on('names.entered_date', 'stage_map') }}
),

final as (
    select
        mapped.source_system,
        mapped.tenant,
        mapped.pipeline_id,
        mapped.record_type,
        mapped.stage_name,
        mapped.entered_date,
        stages.stage_id,
        stages.stage_order,
        stages.stage_kind
    from mapped
    inner join stages
        on
            mapped.pipeline_id = stages.pipeline_id
            and mapped.stage_id = stages.stage_id
            and {{ is_valid_on('mapped.entered_date', 'stages') }}
    where mapped.specificity_rank = 1
)

select * from final
