-- A failing row is from the future: a spine or a clock ran ahead of the build's own date.
with

dates as (
    select 'fct_lead' as model, max(created_date) as latest_date
    from {{ ref('fct_lead') }}
    union all
    select 'fct_opportunity', max(created_date)
    from {{ ref('fct_opportunity') }}
    union all
    select 'fct_stage_event', max(entered_date)
    from {{ ref('fct_stage_event') }}
    union all
    select 'fct_payment_allocation', max(paid_date)
    from {{ ref('fct_payment_allocation') }}
    union all
    select 'mart_headline_by_month', max(month)
    from {{ ref('mart_headline_by_month') }}
    union all
    select 'mart_funnel_stage_conversion_by_cohort_month', max(cohort_month)
    from {{ ref('mart_funnel_stage_conversion_by_cohort_month') }}
    union all
    select 'mart_retention_triangle_by_first_invoice_month', max(cohort_month)
    from {{ ref('mart_retention_triangle_by_first_invoice_month') }}
    union all
    select 'mart_stage_transition_by_month', max(move_month)
    from {{ ref('mart_stage_transition_by_month') }}
    union all
    select 'mart_cycle_time_by_close_month_stage', max(close_month)
    from {{ ref('mart_cycle_time_by_close_month_stage') }}
    union all
    select 'mart_stage_benchmark_by_month', max(benchmark_month)
    from {{ ref('mart_stage_benchmark_by_month') }}
    union all
    select 'mart_bottleneck_by_month', max(move_month)
    from {{ ref('mart_bottleneck_by_month') }}
    union all
    select 'mart_stage_entry_violation_by_rule_month', max(entry_month)
    from {{ ref('mart_stage_entry_violation_by_rule_month') }}
    union all
    select 'mart_funnel_by_owner_month', max(period_start)
    from {{ ref('mart_funnel_by_owner_month') }}
    union all
    select 'mart_timeline_by_scope_clock_day', max({{ add_days('started_date', 'clock_day') }})
    from {{ ref('mart_timeline_by_scope_clock_day') }}
    where clock <> 'stage_entry'
    union all
    select 'mart_process_completion_by_stage_owner_month', max(entered_month)
    from {{ ref('mart_process_completion_by_stage_owner_month') }}
    union all
    select 'dim_process_version', max(valid_from)
    from {{ ref('dim_process_version') }}
    union all
    select 'mart_win_rate_by_close_month', max(close_month)
    from {{ ref('mart_win_rate_by_close_month') }}
)

select
    model,
    latest_date
from dates
where latest_date > {{ as_of_date() }}
