-- A failing row is a month, tenant and stage of which the moves are not the stays entered.
with

moves as (
    select
        tenant,
        pipeline_id,
        move_month,
        to_stage_id,
        cast(sum(move_count) as bigint) as move_count
    from {{ ref('mart_stage_transition_by_month') }}
    group by
        tenant,
        pipeline_id,
        move_month,
        to_stage_id
),

stays as (
    select
        tenant,
        pipeline_id,
        entered_month,
        stage_id,
        count(*) as stay_count
    from {{ ref('fct_stage_interval') }}
    group by
        tenant,
        pipeline_id,
        entered_month,
        stage_id
)

select
    stays.tenant,
    stays.entered_month,
    stays.stage_id,
    stays.stay_count,
    moves.move_count
from stays
full outer join moves
    on
        stays.tenant = moves.tenant
        and stays.pipeline_id = moves.pipeline_id
        and stays.entered_month = moves.move_month
        and stays.stage_id = moves.to_stage_id
where coalesce(stays.stay_count, 0) <> coalesce(moves.move_count, 0)
