-- A failing row is a stage that more cases reached than the one before it, or where more were lost
-- than were there, or than the process ever lost.
with

snapshot as (
    select
        tenant,
        pipeline_id,
        stage_id,
        stage_order,
        reached_count,
        lost_count,
        lag(reached_count) over (
            partition by tenant, pipeline_id order by stage_order, stage_id
        ) as previous_count,
        sum(lost_count) over (partition by tenant, pipeline_id) as lost_in_process_count
    from {{ ref('mart_funnel_snapshot_by_stage') }}
),

lost as (
    select
        tenant,
        pipeline_id,
        count(*) as case_count
    from {{ ref('fct_stage_interval') }}
    where is_latest and {{ is_lost('stage_kind') }}
    group by
        tenant,
        pipeline_id
)

select
    snapshot.tenant,
    snapshot.pipeline_id,
    snapshot.stage_id
from snapshot
left join lost
    on
        snapshot.tenant = lost.tenant
        and snapshot.pipeline_id = lost.pipeline_id
where
    snapshot.previous_count < snapshot.reached_count
    or snapshot.lost_in_process_count > coalesce(lost.case_count, 0)
    or snapshot.lost_count < 0
    or snapshot.reached_count < snapshot.lost_count
