"""The policy tables: what the company decided, as dated rows. One declaration, used everywhere.

Every table also has `valid_from` (date, required) and `valid_to` (date, exclusive; empty = open).
Rows of one key never overlap. `*` in `tenant` or `pipeline_id` means every one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ingestion.resource import ColumnType


@dataclass(frozen=True, slots=True)
class PolicyTable:
    """A policy table: its key, and its other columns with their types.

    An optional one need not have a file: until it has, nothing is decided, and it is empty.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[tuple[str, ColumnType], ...]
    description: str
    is_optional: bool = False


def _table(name: str, description: str, key: str, /, **columns: ColumnType) -> PolicyTable:
    return PolicyTable(name, tuple(key.split()), tuple(columns.items()), description)


def _optional(table: PolicyTable) -> PolicyTable:
    return replace(table, is_optional=True)


POLICY_TABLES: dict[str, PolicyTable] = {
    table.name: table
    for table in (
        _table(
            "tenant",
            "Tenants, their calendar and their currency.",
            "tenant",
            tenant="string",
            display_name="string",
            reporting_timezone="string",
            currency_code="string",
        ),
        _table("setting", "Scalar settings, by name.", "name", name="string", value="string"),
        _table(
            "process_stage",
            "Stages of each pipeline, in order; kind: open, won, collected, lost, disqualified.",
            "pipeline_id stage_id",
            pipeline_id="string",
            stage_id="string",
            stage_name_en="string",
            stage_name_zh="string",
            stage_order="int",
            kind="string",
        ),
        _table(
            "stage_map",
            "Vendor stage name -> stage.",
            "source_system tenant pipeline_id record_type source_stage",
            source_system="string",
            tenant="string",
            pipeline_id="string",
            record_type="string",
            source_stage="string",
            stage_id="string",
        ),
        _table(
            "stage_entry_rule",
            "What must be true to enter a stage: one SQL predicate over int_stage_entry_context.",
            "rule_id",
            rule_id="string",
            pipeline_id="string",
            stage_id="string",
            predicate="string",
            predicate_at_entry="string",
            field="string",
            owner="string",
            severity="string",
            max_failed_rate="decimal(18,6)",
            max_unknown_rate="decimal(18,6)",
            enforced_from="date",
            description_en="string",
            description_zh="string",
            fix_en="string",
            fix_zh="string",
        ),
        _table(
            "fx_rate",
            "Rates by type (plan); amount in `to` = amount in `from` x rate.",
            "rate_type from_currency to_currency",
            fx_rate_id="string",
            rate_type="string",
            from_currency="string",
            to_currency="string",
            rate="decimal(18,6)",
        ),
        _table(
            "commission_plan",
            "Plans, approved before they apply.",
            "plan_id",
            plan_id="string",
            plan_name_en="string",
            plan_name_zh="string",
            period_type="string",
            base="string",
            approved_by="string",
            approved_at="timestamp",
        ),
        _table(
            "plan_component",
            "Components of a plan and how they compute.",
            "plan_id component_id",
            plan_id="string",
            component_id="string",
            tier_method="string",
            boundary_operator="string",
            refund_effect="string",
            refund_period="string",
        ),
        _table(
            "rate_tier",
            "Tiers of a component: [lower, upper) of attainment, and the rate.",
            "component_id tier_number",
            component_id="string",
            tier_number="int",
            lower_attainment="decimal(18,6)",
            upper_attainment="decimal(18,6)",
            rate="decimal(18,6)",
        ),
        _table(
            "plan_assignment",
            "Who is on which plan.",
            "tenant employee_number plan_id",
            tenant="string",
            employee_number="string",
            plan_id="string",
        ),
        _table(
            "quota",
            "Monthly quota of a payee, in the tenant's currency.",
            "tenant employee_number",
            tenant="string",
            employee_number="string",
            quota_amount="decimal(18,2)",
            currency_code="string",
        ),
        _table(
            "pay_code",
            "Which pay codes of the payroll register are commission.",
            "pay_code",
            pay_code="string",
            is_commission="boolean",
        ),
        _optional(
            _table(
                "pipeline",
                "What kind of process a pipeline is: prospecting, opportunity or growth. Without "
                "a row: opportunity. A pipeline keeps its type for ever.",
                "pipeline_id",
                pipeline_id="string",
                pipeline_name_en="string",
                pipeline_name_zh="string",
                pipeline_type="string",
            )
        ),
        _optional(
            _table(
                "process_milestone",
                "What is to be met in a stage, and the dated field, contact role or activity that "
                "shows it.",
                "pipeline_id milestone_id",
                pipeline_id="string",
                stage_id="string",
                milestone_id="string",
                milestone_order="int",
                milestone_name_en="string",
                milestone_name_zh="string",
                evidence="string",
                is_required="boolean",
                weight="int",
            )
        ),
        _optional(
            _table(
                "process_step",
                "The activities by which a rep works towards a milestone, in order.",
                "pipeline_id milestone_id step_id",
                pipeline_id="string",
                milestone_id="string",
                step_id="string",
                step_order="int",
                step_name_en="string",
                step_name_zh="string",
                activity_type="string",
                is_required="boolean",
            )
        ),
        _optional(
            _table(
                "pipeline_map",
                "Vendor's type of a deal -> its pipeline; `*` in opportunity_type is any type, "
                "`(none)` a deal without one. A deal that no row names is in the pipeline that its "
                "record names, else in `default`.",
                "source_system tenant opportunity_type",
                source_system="string",
                tenant="string",
                opportunity_type="string",
                pipeline_id="string",
            )
        ),
        _optional(
            _table(
                "stage_probability",
                "How likely an open deal in a stage is won, as the house weighs its pipeline; `*` "
                "in pipeline_id counts where the pipeline itself has no row.",
                "pipeline_id stage_id",
                pipeline_id="string",
                stage_id="string",
                probability_rate="decimal(18,6)",
            )
        ),
        _optional(
            _table(
                "traffic_light",
                "Which stage shows which light: red to follow up, yellow in negotiation, green "
                "won; `*` in pipeline_id counts where the pipeline itself has no row. A stage "
                "without a row has no light.",
                "pipeline_id stage_id",
                pipeline_id="string",
                stage_id="string",
                light="string",
            )
        ),
        _optional(
            _table(
                "rep_assignment",
                "Team, region and manager of everybody in sales, now and before.",
                "tenant employee_number",
                tenant="string",
                employee_number="string",
                team="string",
                region="string",
                manager_employee_number="string",
            )
        ),
        _optional(
            _table(
                "working_day",
                "Days on which a tenant works, or does not, against Monday to Friday. A row says "
                "what was decided of the day from valid_from on, which is not after the day.",
                "tenant day",
                tenant="string",
                day="date",
                is_working_day="boolean",
                name="string",
            )
        ),
        _optional(
            _table(
                "target_season",
                "How much a working day of a month weighs in targets of the method "
                "seasonal_working_days; that of a month without a row weighs 1.00.",
                "tenant month_number",
                tenant="string",
                month_number="int",
                weight="decimal(18,2)",
            )
        ),
        _optional(
            _table(
                "target",
                "What a tenant, a region or a rep is to reach in a year, quarter or month. Several "
                "versions of a target stand side by side; what is not sound is shown, not refused.",
                "target_id version",
                target_id="string",
                tenant="string",
                scope_kind="string",
                scope_id="string",
                metric_id="string",
                period_type="string",
                period_start="date",
                target_value="decimal(18,2)",
                currency_code="string",
                baseline_value="decimal(18,2)",
                growth_rate="decimal(18,6)",
                owner="string",
                method="string",
                version="int",
            )
        ),
        _table(
            "service_level",
            "How old the last load of a resource may be; `*` in any part of the key means every "
            "one, and the row that names most counts: first the resource, then the tenant.",
            "source_system tenant resource",
            source_system="string",
            tenant="string",
            resource="string",
            max_age_hours="int",
            severity="string",
            owner="string",
        ),
        _table(
            "access_grant",
            "Who may see what: role and, for a rep, the employee number.",
            "user_name tenant",
            user_name="string",
            role="string",
            tenant="string",
            employee_number="string",
        ),
    )
}
