with

final as (
    select
        pipeline_id,
        milestone_id,
        step_id,
        step_order,
        step_name_en,
        step_name_zh,
        activity_type,
        is_required,
        valid_from,
        valid_to
    from {{ latest_policy('process_step') }}
)

select * from final
