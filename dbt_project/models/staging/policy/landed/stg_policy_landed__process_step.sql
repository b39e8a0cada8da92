with

landed as (
    select * from {{ landed('policy', 'process_step') }}
),

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
        valid_to,
        {{ landing_columns() }}
    from landed
)

select * from final
