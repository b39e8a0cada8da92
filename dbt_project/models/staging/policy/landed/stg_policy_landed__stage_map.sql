with

landed as (
    select * from {{ landed('policy', 'stage_map') }}
),

final as (
    select
        source_system,
        tenant,
        pipeline_id,
        record_type,
        source_stage,
        stage_id,
        valid_from,
        valid_to,
        {{ landing_columns() }}
    from landed
)

select * from final
