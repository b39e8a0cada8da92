-- A failing row is a share of more than the whole, or of less than nothing.
with

rates as (
    select 'conversion_rate' as name, conversion_rate as rate
    from {{ ref('mart_funnel_stage_conversion_by_cohort_month') }}
    union all
    select 'open_rate', open_rate
    from {{ ref('mart_funnel_stage_conversion_by_cohort_month') }}
    union all
    select 'qualified_conversion_rate', qualified_conversion_rate
    from {{ ref('mart_funnel_stage_conversion_by_cohort_month') }}
    union all
    select 'logo_retention_rate', logo_retention_rate
    from {{ ref('mart_retention_triangle_by_first_invoice_month') }}
    union all
    select 'violation_rate', violation_rate
    from {{ ref('mart_stage_entry_violation_by_rule_month') }}
    union all
    select 'violation_rate of owners', violation_rate
    from {{ ref('mart_stage_entry_violation_by_rule_owner_week') }}
    union all
    select 'conversion_rate of owners', conversion_rate
    from {{ ref('mart_funnel_by_owner_month') }}
    union all
    select 'running_rate', running_rate
    from {{ ref('mart_timeline_by_scope_clock_day') }}
    union all
    select 'win_rate_by_close_month', win_rate_by_close_month
    from {{ ref('mart_headline_by_month') }}
    union all
    select 'csat_positive_rate', csat_positive_rate
    from {{ ref('mart_headline_by_month') }}
    union all
    select 'win_rate_by_count', win_rate_by_count
    from {{ ref('mart_win_rate_by_close_month') }}
    union all
    select 'won_by_created_rate', won_by_created_rate
    from {{ ref('mart_win_rate_by_created_month') }}
    union all
    select 'lost_count_share_rate', lost_count_share_rate
    from {{ ref('mart_loss_reasons_by_close_month') }}
    union all
    select 'cumulative_count_share_rate', cumulative_count_share_rate
    from {{ ref('mart_loss_reasons_by_close_month') }}
    union all
    select 'reached_from_previous_rate', reached_from_previous_rate
    from {{ ref('mart_funnel_snapshot_by_stage') }}
    union all
    select 'reached_from_first_rate', reached_from_first_rate
    from {{ ref('mart_funnel_snapshot_by_stage') }}
    union all
    select 'loss_rate', loss_rate
    from {{ ref('mart_bottleneck_by_month') }}
    union all
    select 'update_compliance_rate', update_compliance_rate
    from {{ ref('mart_traffic_light_by_date_owner') }}
    union all
    select 'qualified_rate', qualified_rate
    from {{ ref('mart_lead_qualification_by_week_source_owner') }}
    union all
    select 'qualified_conversion_rate', qualified_conversion_rate
    from {{ ref('mart_lead_qualification_by_week_source_owner') }}
    union all
    select 'progress_rate', progress_rate
    from {{ ref('mart_process_completion_by_stage_owner_month') }}
    union all
    select 'advanced_unmet_rate', advanced_unmet_rate
    from {{ ref('mart_process_completion_by_stage_owner_month') }}
    union all
    select 'step_rate', step_rate
    from {{ ref('mart_process_completion_by_stage_owner_month') }}
    union all
    select 'probability_rate', probability_rate
    from {{ ref('fct_opportunity') }}
)

select
    name,
    rate
from rates
where rate < 0 or rate > 1
