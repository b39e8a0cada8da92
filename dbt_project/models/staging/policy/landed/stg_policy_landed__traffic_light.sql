with

landed as (
    select * from {{ landed('policy', 'traffic_light') }}
),

final as (
    select
        pipeline_id,
        stage_id,
        light,
        valid_from,
        valid_to,
        {{ landing_columns() }}
    from landed
)

select * from final
