with

final as (
    select
        source_system,
        tenant,
        pipeline_id,
        record_type,
        source_stage,
        stage_id,
        valid_from,
        valid_to
    from {{ latest_policy('stage_map') }}
)

select * from final
