"""The answer key: every mart of `docs/marts.md`, worked out from the world itself in plain Python.

Written from that page alone. It shares nothing with the models, the ingestion or the generator:
it reads the vendors' own JSON out of the world file, the policy folder and the payroll files, and
computes with `Decimal` and `Fraction`. Slow and literal on purpose.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from company.answer_key import (
    attainment,
    blockers,
    cash,
    checks,
    commission,
    cube,
    cycle,
    deals,
    delays,
    follow_ups,
    funnel,
    headline,
    leads,
    lights,
    milestones,
    owner_funnel,
    pipeline,
    process,
    requirement,
    retention,
    states,
    stays,
    targets,
    timeline,
    weighted,
    win_rates,
)
from company.answer_key.changes import Owners
from company.answer_key.facts import Row, read_facts

__all__ = ["answer_key"]


def answer_key(
    world: Path, policy: Path, files: Path, *, seen_at: str, as_of_date: date
) -> dict[str, list[Row]]:
    """Table name -> rows, for a build as of `as_of_date` of a world last read at `seen_at`.

    `seen_at` is UTC ISO 8601 (``2026-06-30T19:00:00Z``): versions after it were never extracted.
    `files` holds the delivered ones: `payroll` and `sales`, each with a folder per tenant.
    """
    facts = read_facts(world, policy, files, seen_at=seen_at, as_of_date=as_of_date)
    money = cash.work_out(facts)
    owners = Owners(facts)
    entries = funnel.stage_entries(facts, money, owners)
    cases = stays.paths(facts, entries)
    every_deal = deals.all_deals(facts, entries, cases)
    histories = states.histories(facts, entries)
    checked_entries = checks.entry_checks(facts, entries, owners, histories)
    benchmarks = cycle.benchmarks(facts, every_deal)
    standard = delays.standards(benchmarks)
    lines, statements = commission.work_out(facts, money)
    open_days = pipeline.deal_intervals(facts, histories)
    account_lights = lights.shown(facts, every_deal, histories)
    checked = targets.quality(facts)
    plan = targets.plan(facts, checked)
    attained = attainment.by_scope_month(facts, every_deal, plan)
    versions = process.Process(process.versions(facts))
    met = milestones.milestones(facts, every_deal, versions)
    answers = {
        "bridge_opportunity_invoice": money.bridge,
        "fct_payment_allocation": money.allocations,
        "mart_funnel_stage_conversion_by_cohort_month": funnel.conversions(facts, entries),
        "mart_stage_entry_violation_by_rule_month": funnel.violations(facts, entries),
        "fct_stage_entry_check": checked_entries,
        "mart_stage_entry_violation_by_rule_owner_week": checks.by_rule_owner_week(
            facts, checked_entries
        ),
        "mart_retention_triangle_by_first_invoice_month": retention.work_out(facts),
        "mart_commission_statement_line": lines,
        "mart_commission_statement": statements,
        "mart_payroll_reconciliation": commission.reconcile(facts, statements),
        "mart_headline_by_month": headline.work_out(facts),
        "fct_opportunity_interval": pipeline.interval_rows(facts, open_days),
        "fct_stage_interval": stays.intervals(facts, cases, owners),
        "mart_stage_transition_by_month": stays.transitions(facts, cases),
        "mart_funnel_snapshot_by_stage": stays.snapshot(facts, cases),
        "mart_funnel_by_owner_month": owner_funnel.by_owner_month(facts, entries, owners),
        "mart_win_rate_by_close_month": win_rates.by_close_month(facts, every_deal),
        "mart_win_rate_by_created_month": win_rates.by_created_month(facts, every_deal),
        "mart_pipeline_by_date_stage": pipeline.by_date_stage(facts, open_days),
        "mart_average_deal_by_close_month": win_rates.average_deals(facts, every_deal),
        "mart_loss_reasons_by_close_month": win_rates.loss_reasons(facts, every_deal),
        "mart_sales_cube_by_month": cube.sales_cube(facts, every_deal, attained),
        "mart_leads_by_day_source_owner": leads.by_day(facts),
        "mart_lead_average_by_month_source": leads.averages(facts),
        "mart_cycle_time_by_close_month_stage": cycle.cycle_times(facts, every_deal),
        "mart_stage_benchmark_by_month": benchmarks,
        "mart_bottleneck_by_month": delays.bottlenecks(facts, cases, every_deal, standard),
        "mart_stale_deals": delays.stale_deals(facts, every_deal, standard),
        "mart_pipeline_movement_by_week": pipeline.movements(facts, open_days, histories),
        "mart_weighted_pipeline_by_owner_stage": weighted.by_owner_stage(
            facts, every_deal, histories
        ),
        "mart_followups": follow_ups.due(facts, every_deal),
        "fct_account_light_interval": lights.intervals(account_lights),
        "mart_traffic_light_by_date_owner": lights.by_date_owner(facts, every_deal, account_lights),
        "mart_blockers_by_week_owner_code": blockers.by_week(
            facts, every_deal, open_days, account_lights
        ),
        "mart_lead_qualification_by_week_source_owner": leads.qualification(facts, entries),
        "mart_target_quality": checked,
        "mart_target_plan": plan,
        "mart_attainment_by_scope_month": attained,
        "mart_region_attainment_by_month": attainment.by_region_month(facts, attained),
        "mart_region_concentration_by_month": attainment.concentration(facts, every_deal),
        "mart_activity_requirement_by_rep_month": requirement.by_rep_month(
            facts, plan, every_deal, cases
        ),
        "dim_process_version": versions.rows,
        "fct_milestone": met,
        "mart_process_completion_by_stage_owner_month": milestones.completion(met),
        "mart_next_step": milestones.next_steps(facts, every_deal, met, standard),
        "mart_timeline_by_scope_clock_day": timeline.by_scope_clock_day(
            facts, every_deal, cases, owners
        ),
    }
    process.carry(facts, versions, answers)
    return answers
