with

combinations as (
    select distinct
        tenant,
        pipeline_id,
        stage_id,
        outcome,
        new_or_repeat
    from {{ ref('int_deal_stage_times') }}
),

final as (
    select
        combinations.tenant,
        combinations.pipeline_id,
        combinations.stage_id,
        combinations.outcome,
        combinations.new_or_repeat,
        segments.segment_id,
        bases.basis,
        dense_rank() over (
            order by
                combinations.tenant,
                combinations.pipeline_id,
                combinations.stage_id,
                segments.segment_id,
                bases.basis
        ) as series_number
    from combinations
    inner join {{ ref('dim_stage') }} as stages
        on
            combinations.pipeline_id = stages.pipeline_id
            and combinations.stage_id = stages.stage_id
            and stages.is_latest
            and stages.stage_kind = 'open'
    inner join (values ('(all)'), ('new'), ('repeat')) as segments (segment_id)
        on segments.segment_id in ('(all)', combinations.new_or_repeat)
    inner join (values ('closed'), ('won')) as bases (basis)
        on bases.basis in ('closed', combinations.outcome)
)

select * from final
