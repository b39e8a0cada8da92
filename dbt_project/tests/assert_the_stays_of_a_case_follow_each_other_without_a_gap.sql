-- A failing row is a case whose stays do not add up to the time from its first to its last, leave
-- out a number, or repeat a stage that was never left.
select
    tenant,
    case_id
from {{ ref('fct_stage_interval') }}
group by
    tenant,
    case_id
having
    coalesce(sum(stay_seconds), 0) <> {{ seconds_between('min(entered_at)', 'max(entered_at)') }}
    or min(coalesce(stay_seconds, 0)) < 0
    or max(stay_number) <> count(*)
    or count(case when left_at is null then 1 end) <> 1
    or count(case when from_stage_id = stage_id then 1 end) > 0
