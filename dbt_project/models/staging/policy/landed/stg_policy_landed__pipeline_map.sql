with

landed as (
    select * from {{ landed('policy', 'pipeline_map') }}
),

final as (
    select
        source_system,
        tenant,
        opportunity_type,
        pipeline_id,
        valid_from,
        valid_to,
        {{ landing_columns() }}
    from landed
)

select * from final
