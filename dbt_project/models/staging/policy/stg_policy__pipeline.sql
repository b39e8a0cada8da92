with

final as (
    select
        pipeline_id,
        pipeline_name_en,
        pipeline_name_zh,
        pipeline_type,
        valid_from,
        valid_to
    from {{ latest_policy('pipeline') }}
)

select * from final
