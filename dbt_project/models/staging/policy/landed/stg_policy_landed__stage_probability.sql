with

landed as (
    select * from {{ landed('policy', 'stage_probability') }}
),

final as (
    select
        pipeline_id,
        stage_id,
        probability_rate,
        valid_from,
        valid_to,
        {{ landing_columns() }}
    from landed
)

select * from final
