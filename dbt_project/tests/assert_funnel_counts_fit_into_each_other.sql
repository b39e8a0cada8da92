-- A failing row counts a case twice or not at all: qualified and unqualified are all cases, and
-- the reached, the open and the lost never exceed those that entered.
select
    tenant,
    pipeline_id,
    cohort_month,
    from_stage_id,
    to_stage_id
from {{ ref('mart_funnel_stage_conversion_by_cohort_month') }}
where
    qualified_entered_count + unqualified_entered_count <> entered_count
    or qualified_reached_count + unqualified_reached_count <> reached_count
    or reached_count + open_count > entered_count
    or skipped_count > reached_count
    or qualified_reached_count > qualified_entered_count
    or unqualified_reached_count > unqualified_entered_count
