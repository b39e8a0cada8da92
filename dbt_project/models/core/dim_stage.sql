with

stages as (
    select
        pipeline_id,
        stage_id,
        stage_name_en,
        stage_name_zh,
        stage_order,
        kind,
        valid_from,
        valid_to
    from {{ ref('stg_policy__process_stage') }}
    where valid_from <= {{ as_of_date() }}
),

final as (
    select
        pipeline_id,
        stage_id,
        stage_name_en,
        stage_name_zh,
        stage_order,
        kind as stage_kind,
        valid_from,
        valid_to,
        -- A stage that was given up is still named by its last row.
        row_number() over (
            partition by pipeline_id, stage_id order by valid_from desc
        ) = 1 as is_latest
    from stages
)

select * from final
