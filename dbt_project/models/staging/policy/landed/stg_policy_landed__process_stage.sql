with

landed as (
    select * from {{ landed('policy', 'process_stage') }}
),

final as (
    select
        pipeline_id,
        stage_id,
        stage_name_en,
        stage_name_zh,
        stage_order,
        kind,
        valid_from,
        valid_to,
        {{ landing_columns() }}
    from landed
)

select * from final
