with

landed as (
    select * from {{ landed('policy', 'pipeline') }}
),

final as (
    select
        pipeline_id,
        pipeline_name_en,
        pipeline_name_zh,
        pipeline_type,
        valid_from,
        valid_to,
        {{ landing_columns() }}
    from landed
)

select * from final
