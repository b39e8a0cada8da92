{{ config(materialized='view') }}

with

stages as (
    select pipeline_id
    from {{ ref('stg_policy__process_stage') }}
    group by pipeline_id
),

-- A pipeline keeps its type, so any of its rows tells it.
types as (
    select
        pipeline_id,
        max(pipeline_type) as pipeline_type
    from {{ ref('stg_policy__pipeline') }}
    group by pipeline_id
),

final as (
    select
        stages.pipeline_id,
        coalesce(types.pipeline_type, 'opportunity') as pipeline_type
    from stages
    left join types
        on stages.pipeline_id = types.pipeline_id
)

select * from final
