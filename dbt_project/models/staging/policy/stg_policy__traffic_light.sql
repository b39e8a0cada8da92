with

final as (
    select
        pipeline_id,
        stage_id,
        light,
        valid_from,
        valid_to
    from {{ latest_policy('traffic_light') }}
)

select * from final
