with

final as (
    select
        pipeline_id,
        stage_id,
        stage_name_en,
        stage_name_zh,
        stage_order,
        kind,
        valid_from,
        valid_to
    from {{ latest_policy('process_stage') }}
)

select * from final
