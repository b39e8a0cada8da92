with

final as (
    select
        pipeline_id,
        stage_id,
        milestone_id,
        milestone_order,
        milestone_name_en,
        milestone_name_zh,
        evidence,
        is_required,
        weight,
        valid_from,
        valid_to
    from {{ latest_policy('process_milestone') }}
)

select * from final
