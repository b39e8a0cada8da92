with

final as (
    select
        source_system,
        tenant,
        opportunity_type,
        pipeline_id,
        valid_from,
        valid_to
    from {{ latest_policy('pipeline_map') }}
)

select * from final
