with

final as (
    select
        pipeline_id,
        stage_id,
        probability_rate,
        valid_from,
        valid_to
    from {{ latest_policy('stage_probability') }}
)

select * from final
