-- A failing row is a won or lost deal whose stages and unattributed time are not its cycle, to the
-- second, or whose time is negative.
select opportunity_key
from {{ ref('int_deal_stage_times') }}
group by opportunity_key
having
    coalesce(sum(case when stage_id = '(cycle)' then seconds end), 0)
    <> coalesce(sum(case when stage_id <> '(cycle)' then seconds end), 0)
    or min(coalesce(seconds, 0)) < 0
    or count(case when latest_seconds > seconds then 1 end) > 0
