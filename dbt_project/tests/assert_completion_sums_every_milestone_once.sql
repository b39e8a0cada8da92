-- A failing row is a tenant's stage whose milestones are counted more or less than once.
with

milestones as (
    select
        tenant,
        stage_id,
        count(*) as milestone_count,
        sum(done_step_count * cast(is_required as int)) as done_step_count
    from {{ ref('fct_milestone') }}
    group by
        tenant,
        stage_id
),

completion as (
    select
        tenant,
        stage_id,
        sum(required_count + optional_count) as milestone_count,
        sum(done_step_count) as done_step_count
    from {{ ref('mart_process_completion_by_stage_owner_month') }}
    group by
        tenant,
        stage_id
)

select
    milestones.tenant,
    milestones.stage_id
from milestones
left join completion
    on
        milestones.tenant = completion.tenant
        and milestones.stage_id = completion.stage_id
where
    completion.milestone_count is distinct from milestones.milestone_count
    or completion.done_step_count is distinct from milestones.done_step_count
