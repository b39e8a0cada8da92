"""A small warehouse to break: two tenants, a handful of rows, everything consistent."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from expectations.contract import GateContext, PublishedVersion
from expectations.results import create_tables
from expectations.suites.raw import ROW_RULES

AS_OF = date(2026, 6, 30)
AS_OF_AT = datetime(2026, 6, 30, 16, tzinfo=UTC)

# One version of each row; `_page`, `_row_number` and `_commit_seq` are what the latest is told by.
_TAIL = """
    'L1' as _load_id, 1::bigint as _row_number, 1 as _page, 1::bigint as _commit_seq,
    timestamp '2026-06-30 10:00' as _recorded_at
"""

_SOURCES = f"""
create schema meta; create schema staging; create schema intermediate;
create schema core; create schema marts;
create table staging.stg_policy__tenant as from (values
    ('aurora', 'Asia/Shanghai', 'CNY'), ('borealis', 'America/New_York', 'USD')
) as t(tenant, reporting_timezone, currency_code);
create table staging.stg_policy__fx_rate as from (values
    ('plan', 'USD', 'CNY', 6.000000::decimal(18, 6), date '2023-01-01', date '2026-06-10'),
    ('plan', 'USD', 'CNY', 7.000000, date '2026-06-10', null::date),
    ('plan', 'USD', 'EUR', 0.900000, date '2023-01-01', null),
    ('spot', 'USD', 'CNY', 7.200000, date '2023-01-01', null)
) as r(rate_type, from_currency, to_currency, rate, valid_from, valid_to);
create table staging.stg_policy__setting as
    select 'entry_block_window_days' as name, '28' as value, date '2023-01-01' as valid_from,
        null::date as valid_to;
create table staging.stg_policy__process_stage as
    select 'default' as pipeline_id, stage_id from
    (values ('qualified'), ('proposal'), ('contract_signed')) as s(stage_id);
create table staging.stg_policy__pipeline as
    select 'default' as pipeline_id, 'opportunity' as pipeline_type;
create table staging.stg_policy__stage_map as
    select 'opportunity' as record_type, source_stage, stage_id from
    (values ('Qualification', 'qualified'), ('Proposal/Price Quote', 'proposal'))
        as m(source_stage, stage_id);
create table staging.stg_policy__pay_code as
    select 'COMM' as pay_code, true as is_commission, date '2023-01-01' as valid_from,
        null::date as valid_to;
create table staging.stg_policy__plan_assignment as
    select 'aurora' as tenant, 'E1' as employee_number, date '2026-01-01' as valid_from;
create table staging.stg_policy__stage_entry_rule (
    rule_id varchar, pipeline_id varchar, stage_id varchar, predicate varchar,
    predicate_at_entry varchar, field varchar, owner varchar, severity varchar,
    max_failed_rate decimal(18, 6), max_unknown_rate decimal(18, 6), enforced_from date,
    description_en varchar, fix_en varchar, valid_from date, valid_to date
);
insert into staging.stg_policy__stage_entry_rule values
    ('amount_positive', 'default', 'proposal', 'amount > 0', 'amount_at_entry > 0', 'amount',
     'sales_operations', 'critical', 0.25, 0.25, date '2026-01-01',
     'A quoted deal has an amount.', 'Enter the amount.', date '2023-01-01', null),
    ('owner_known', '*', 'qualified', 'owner_source_id is not null',
     'owner_source_id_at_entry is not null', 'owner_source_id',
     'sales_operations', 'critical', 0.9, 0.9, date '2026-01-01',
     'A qualified deal has an owner.', 'Assign an owner.', date '2023-01-01', null);

create table staging.stg_stripe__charge as
    select *, {_TAIL} from (values
        ('aurora', 'ch_1', timestamp '2026-05-31 17:00', 100.00::decimal(18, 2), 'CNY',
         'succeeded'),
        ('aurora', 'ch_2', timestamp '2026-06-10 02:00', 10.00, 'USD', 'succeeded'),
        ('aurora', 'ch_failed', timestamp '2026-06-10 02:00', 99.00, 'USD', 'failed'),
        ('aurora', 'ch_tomorrow', timestamp '2026-06-30 16:00', 99.00, 'CNY', 'succeeded')
    ) as c(source_tenant, id, created_at, amount, currency_code, status);
-- An earlier version of one row, and a later one that is not known yet.
insert into staging.stg_stripe__charge
    select * replace (55.00 as amount, 0 as _commit_seq) from staging.stg_stripe__charge
    where id = 'ch_1'
    union all
    select * replace (
        77.00 as amount, 2 as _commit_seq, timestamp '2026-07-01 10:00' as _recorded_at
    )
    from staging.stg_stripe__charge where id = 'ch_1';
create table staging.stg_stripe__invoice as
    select *, {_TAIL} from (values
        ('aurora', 'in_1', 'cus_1', timestamp '2026-05-02 02:00', 90.00::decimal(18, 2), 'CNY',
         'open'),
        ('aurora', 'in_2', null, timestamp '2026-06-02 02:00', 5.00, 'CNY', 'paid'),
        ('aurora', 'in_draft', 'cus_1', null, 90.00, 'CNY', 'draft'),
        ('aurora', 'in_void', 'cus_1', timestamp '2026-05-02 02:00', 90.00, 'CNY', 'void')
    ) as i(source_tenant, id, customer, finalized_at, net_amount, currency_code, status);
create table staging.stg_salesforce__lead as
    select 'aurora' as source_tenant, id, timestamp '2026-05-01 02:00' as created_at,
        false as is_deleted, {_TAIL} from (values ('l1'), ('l2')) as l(id);
create table staging.stg_salesforce__opportunity as
    select 'aurora' as source_tenant, *, timestamp '2026-05-01 02:00' as created_at,
        case when is_closed then timestamp '2026-06-05 02:00' end as closed_at,
        false as is_deleted, {_TAIL}
    from (values
        ('o1', true, true, 50.00::decimal(18, 2), 'CNY', timestamp '2026-06-05 02:00'),
        ('o2', true, false, 60.00, 'CNY', timestamp '2026-06-05 02:00'),
        ('o3', false, false, 70.00, 'CNY', timestamp '2026-06-22 02:00'),
        ('o4', false, false, 10.00, 'USD', timestamp '2026-06-23 02:00'),
        -- Lost while it was read: its record still says that it is open.
        ('o5', false, false, 90.00, 'CNY', timestamp '2026-06-30 02:00')
    ) as o(id, is_closed, is_won, amount, currency_code, modified_at);
create table staging.stg_zendesk__ticket as
    select 'aurora' as source_tenant, 't1' as id, timestamp '2026-06-01 02:00' as created_at,
        'open' as status, {_TAIL};
create table intermediate.int_payments__unioned as
    select ''::varchar as source_system, ''::varchar as source_tenant, ''::varchar as source_id,
        ''::varchar as status, 0::decimal(18, 2) as amount, ''::varchar as currency_code,
        timestamp '2026-06-01' as paid_at, false as is_deleted where false;
create table intermediate.int_invoices__unioned as
    select ''::varchar as source_system, ''::varchar as source_tenant, ''::varchar as source_id,
        ''::varchar as status, ''::varchar as account_source_id,
        timestamp '2026-06-01' as issued_at, 0::decimal(18, 2) as net_amount,
        ''::varchar as currency_code, false as is_deleted
    where false;
create table intermediate.int_leads__unioned as
    select 'salesforce' as source_system, source_tenant, id as source_id, created_at, is_deleted
    from staging.stg_salesforce__lead;
create table intermediate.int_opportunities__unioned as
    select 'salesforce' as source_system, source_tenant, id as source_id, created_at, closed_at,
        is_closed, is_won, amount, currency_code, modified_at as effective_at, is_deleted
    from staging.stg_salesforce__opportunity;
create table intermediate.int_stage_events__unioned as
    select 'aurora' as source_tenant, 'opportunity' as record_type, 'o5' as record_source_id,
        timestamp '2026-06-30 02:01' as entered_at;
create table intermediate.int_field_changes__unioned as
    select 'aurora' as source_tenant, 'opportunity' as record_type, 'o4' as record_source_id,
        timestamp '2026-06-23 02:00' as changed_at;
create table intermediate.int_tickets__unioned as
    select 'zendesk' as source_system, source_tenant, id as source_id, created_at,
        false as is_deleted from staging.stg_zendesk__ticket;
create table intermediate.int_payroll_lines__unioned as
    select 'aurora' as source_tenant, 'CNY' as currency_code, 'COMM' as pay_code,
        date '2026-06-25' as pay_date, 7.00::decimal(18, 2) as gross_amount, false as is_deleted;
"""

_ENTRIES = """
create table intermediate.int_stage_entries as
    select *, 'salesforce' as source_system, 'opportunity' as record_type, 'default' as pipeline_id,
        'aurora:' || record_source_id as record_key, stage_event_key as opportunity_key,
        'CNY' as currency_code_at_entry
    from (values
        (1::bigint, 'aurora', 'e1', 'o1', 'Qualification', 'qualified', 2,
         timestamp '2026-06-01 02:00', date '2026-06-01', 50.00::decimal(18, 2)),
        (2::bigint, 'aurora', 'e2', 'o1', 'Proposal/Price Quote', 'proposal', 4,
         timestamp '2026-06-20 02:00', date '2026-06-20', 50.00::decimal(18, 2)),
        (3::bigint, 'aurora', 'e3', 'o2', 'Proposal/Price Quote', 'proposal', 4,
         timestamp '2026-06-21 02:00', date '2026-06-21', 60.00::decimal(18, 2)),
        (4::bigint, 'aurora', 'e4', 'o3', 'Proposal/Price Quote', 'proposal', 4,
         timestamp '2026-06-22 02:00', date '2026-06-22', 70.00::decimal(18, 2)),
        (5::bigint, 'aurora', 'e5', 'o4', 'Proposal/Price Quote', 'proposal', 4,
         timestamp '2026-06-23 02:00', date '2026-06-23', 80.00::decimal(18, 2))
    ) as e(stage_event_key, tenant, source_id, record_source_id, stage_name, stage_id, stage_order,
           entered_at, entered_date, amount_at_entry)
    union all
    select 10 + n, 'aurora', 'f' || n, 'q' || n, 'Qualification', 'qualified', 2,
        timestamp '2026-06-15 02:00', date '2026-06-15', 100.00::decimal(18, 2), 'salesforce',
        'opportunity', 'default', 'aurora:q' || n, 10 + n, 'CNY'
    from range(1, 9) as eight(n);
create table core.fct_opportunity as
    select 'salesforce' as source_system, source_tenant as tenant, id as source_id,
        'default' as pipeline_id, 'New Business' as opportunity_type,
        case when is_won then 'Closed Won' when is_closed then 'Closed Lost' else 'Qualification'
        end as stage_name,
        amount, currency_code, created_at, closed_at, is_closed, is_won
    from staging.stg_salesforce__opportunity;
create table intermediate.int_stage_names as
    select 'salesforce' as source_system, 'aurora' as tenant, 'default' as pipeline_id,
        'opportunity' as record_type, *, date '2026-06-30' as entered_date
    from (values
        ('Qualification', 'qualified', 'open'), ('Closed Won', 'won', 'won'),
        ('Closed Lost', 'lost', 'lost')) as n(stage_name, stage_id, stage_kind);
create table intermediate.int_stage_entry_context as
    select stage_event_key, tenant, source_system, source_id,
        record_source_id as opportunity_source_id, pipeline_id, stage_id, stage_name, entered_at,
        entered_date, timestamp '2026-05-01 02:00' as created_at, amount_at_entry as amount,
        'CNY' as currency_code,
        amount_at_entry as amount_in_tenant_currency, 'CNY' as tenant_currency_code,
        date '2026-09-30' as close_date, 'rep_' || record_source_id as owner_source_id,
        null::timestamp as customer_committed_at, null::timestamp as discovery_completed_at,
        null::timestamp as proposal_sent_at, null::timestamp as contract_signed_at,
        false as is_closed, 1 as decision_maker_count, amount_at_entry,
        'CNY' as currency_code_at_entry, date '2026-09-30' as close_date_at_entry,
        'rep_' || record_source_id as owner_source_id_at_entry,
        null::timestamp as customer_committed_at_at_entry,
        null::timestamp as discovery_completed_at_at_entry,
        null::timestamp as proposal_sent_at_at_entry,
        null::timestamp as contract_signed_at_at_entry, 1 as decision_maker_count_at_entry
    from intermediate.int_stage_entries;
-- Nothing ever changed: of each entry's deal the one state that it began with.
create table intermediate.int_opportunity_instant_states as
    select opportunity_key, entered_at as changed_at, null::timestamp as next_changed_at,
        amount_at_entry as amount, 'CNY' as currency_code, date '2026-09-30' as close_date,
        'rep_' || record_source_id as owner_source_id
    from intermediate.int_stage_entries;
create table intermediate.int_decision_makers (opportunity_key bigint, created_at timestamp);
create table intermediate.int_evidence_intervals (
    opportunity_key bigint, field_name varchar, evidence_at timestamp, valid_from_at timestamp,
    valid_to_at timestamp
);
"""

_MARTS = """
create table core.fct_payment_allocation as from (values
    ('aurora', 'ch_1', 'in_1', date '2026-06-01', 60.00::decimal(18, 2), 'CNY'),
    ('aurora', 'ch_1', null, date '2026-06-01', 40.00::decimal(18, 2), 'CNY'),
    ('aurora', 'ch_2', null, date '2026-06-10', 10.00::decimal(18, 2), 'USD')
) as a(tenant, payment_source_id, invoice_source_id, paid_date, gross_amount, currency_code);
create table core.bridge_opportunity_invoice as
    select 'aurora' as tenant, 'o1' as opportunity_source_id, 'in_1' as invoice_source_id,
        1.0::decimal(9, 6) as match_confidence, 90.00::decimal(18, 2) as invoice_net_amount;
create table marts.mart_headline_by_month as from (values
    ('aurora', date '2026-05-01', 2, 0, 0, null::decimal(9, 6), null::decimal(18, 2),
     90.00::decimal(18, 2), null::decimal(18, 2), 0, null::decimal(9, 6)),
    ('aurora', date '2026-06-01', 0, 1, 1, 0.5, 50.00, 5.00, 170.00, 1, 1.0)
) as h(tenant, month, leads_created_count, opportunities_won_count, opportunities_lost_count,
       win_rate_by_close_month, won_amount, invoiced_net_amount, cash_collected_amount,
       tickets_created_count, csat_positive_rate);
alter table marts.mart_headline_by_month add column other_type_won_count int default 0;
alter table marts.mart_headline_by_month add column other_type_lost_count int default 0;
create table marts.mart_retention_triangle_by_first_invoice_month as from (values
    ('aurora', date '2026-05-01', 0, 1, 1, 1.0::decimal(9, 6), 90.00::decimal(18, 2)),
    ('aurora', date '2026-05-01', 1, 1, 0, 0.0, 0.00)
) as r(tenant, cohort_month, month_number, cohort_size, active_count, logo_retention_rate,
       invoiced_net_amount);
create table marts.mart_funnel_stage_conversion_by_cohort_month as from (values
    ('aurora', 'default', date '2026-06-01', 'qualified', 'proposal', 4, 1.0::decimal(9, 6),
     0.0::decimal(9, 6), 1.0::decimal(9, 6)),
    ('aurora', 'default', date '2026-06-01', 'qualified', 'contract_signed', 4, 0.25, 0.5, 0.25)
) as f(tenant, pipeline_id, cohort_month, from_stage_id, to_stage_id, entered_count,
       conversion_rate, open_rate, qualified_conversion_rate);
create table marts.mart_stage_entry_violation_by_rule_month as
    select 'amount_positive' as rule_id, 4 as entry_count, 1 as failed_count, 0 as unknown_count,
        1 as cured_count, 2 as violation_count, 0.5::decimal(9, 6) as violation_rate;
insert into quality.stage_entry_verdict
        (rule_id, stage_event_key, verdict_at_entry, verdict_now, is_enforced) values
    ('amount_positive', 2, 'pass', 'pass', true), ('amount_positive', 3, 'fail', 'cured', true),
    ('amount_positive', 4, 'fail', 'fail', true), ('amount_positive', 5, 'pass', 'pass', true);
create table core.fct_opportunity_interval as from (values
    ('aurora', 'o3', date '2026-06-01', date '2026-06-22', 65.00::decimal(18, 2)),
    ('aurora', 'o3', date '2026-06-22', null, 70.00),
    ('aurora', 'o4', date '2026-06-09', null, 60.00),
    ('aurora', 'o5', date '2026-06-09', date '2026-06-30', 90.00)
) as i(tenant, opportunity_source_id, valid_from_date, valid_to_date, amount);
create table marts.mart_pipeline_by_date_stage as from (values
    ('aurora', 'default', date '2026-06-29', 'proposal', 3, 220.00::decimal(18, 2), 0, 0, null),
    ('aurora', 'default', date '2026-06-30', 'proposal', 1, 70.00, 0, 0, null),
    ('aurora', 'default', date '2026-06-30', 'qualified', 1, 60.00, 0, 0, null)
) as p(
    tenant, pipeline_id, as_of_date, stage_id, open_count, open_amount, unknown_amount_count,
    past_due_count, past_due_amount
);
create table marts.mart_pipeline_movement_by_week as from (values
    ('aurora', 'default', date '2026-06-22', 'closing', 3, 220.00::decimal(18, 2)),
    ('aurora', 'default', date '2026-06-29', 'closing', 2, 130.00)
) as m(tenant, pipeline_id, week_start_date, movement, deal_count, amount);
create table marts.mart_win_rate_by_close_month as from (values
    ('aurora', 'default', 'all', '(all)', date '2026-05-01', 1, 2, 0, 50.00::decimal(18, 2)),
    ('aurora', 'default', 'all', '(all)', date '2026-06-01', 1, 1, 0, 50.00)
) as w(tenant, pipeline_id, segment_kind, segment_id, close_month, won_count, lost_count,
       disqualified_count, won_amount);
create table marts.mart_commission_statement as
    select 'aurora' as tenant, 'E1' as employee_number, date '2026-05-01' as period_month,
        8.00::decimal(18, 2) as payable_amount, 'CNY' as currency_code;
create table marts.mart_commission_statement_line as
    select 'aurora' as tenant, 'E1' as employee_number, date '2026-05-01' as period_month,
        unnest([5.00, 3.00])::decimal(18, 2) as line_amount;
create table marts.mart_payroll_reconciliation as
    select 'aurora' as tenant, 'CNY' as currency_code, 8.00::decimal(18, 2) as statement_amount,
        7.00::decimal(18, 2) as payroll_amount, -1.00::decimal(18, 2) as difference_amount;
create table meta.load as
    select 'landing' as store, source, resource, row_count::bigint as row_count,
        timestamp '2026-06-01 10:00' as recorded_at
    from (values ('stripe', 'charge', 6), ('stripe', 'invoice', 4), ('salesforce', 'lead', 2),
                 ('salesforce', 'opportunity', 5), ('zendesk', 'ticket', 1))
        as l(source, resource, row_count);
"""


def warehouse() -> duckdb.DuckDBPyConnection:
    """A consistent warehouse in memory, after a build whose gates all passed."""
    connection = duckdb.connect(":memory:", config={"threads": 2})
    connection.execute("set TimeZone = 'UTC'")
    create_tables(connection)
    connection.execute(_SOURCES)
    connection.execute(_ENTRIES)
    connection.execute(_MARTS)
    staged = {
        name
        for (name,) in connection.execute(
            "select table_name from information_schema.tables where table_schema = 'staging'"
        ).fetchall()
    }
    for resource in ROW_RULES:
        table = f"stg_{resource.replace('.', '__')}"
        if table not in staged:
            connection.execute(f"create table staging.{table} (id varchar)")
    return connection


def context(published: PublishedVersion | None = None) -> GateContext:
    return GateContext(as_of_date=AS_OF, as_of_at=AS_OF_AT, published=published)


def publish(connection: duckdb.DuckDBPyConnection, folder: Path) -> PublishedVersion:
    """Writes the marts that are held to their past as a version published on the same day."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in (
        "mart_headline_by_month",
        "mart_retention_triangle_by_first_invoice_month",
        "mart_pipeline_by_date_stage",
        "mart_pipeline_movement_by_week",
        "mart_win_rate_by_close_month",
    ):
        connection.execute(f"copy marts.{table} to '{folder / table}.parquet' (format parquet)")
    return PublishedVersion("v000001-2026-06-30", AS_OF, folder)
