"""Everything that the world promises to hold is in it: small and large, for more than one seed."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from company.world import build_world

README = Path(__file__).parents[2] / "company" / "world" / "README.md"

# One row an object: its last version. Times are compared as text, so each is cut to its seconds.
LATEST = """
create temp table latest as
select vendor, tenant, resource, id, deleted, payload, max(valid_at) as valid_at
from object_version group by vendor, tenant, resource, id;
create index temp.latest_by on latest (resource, tenant, id);

create temp view account as select tenant, id, deleted, payload ->> 'ParentId' as parent,
    payload ->> 'Website' as website, payload ->> 'MasterRecordId' as master
from latest where resource = 'account';
create temp view lead as select tenant, id, deleted, payload ->> 'LeadSource' as source,
    payload ->> 'Status' as status, payload ->> 'CreatedDate' as created_at,
    payload ->> 'ConvertedOpportunityId' as opportunity, payload ->> 'IsConverted' as converted,
    payload ->> 'Company' as company
from latest where resource = 'lead';
create temp table opportunity as select tenant, id, deleted, payload ->> 'StageName' as stage,
    payload ->> 'Loss_Reason__c' as loss_reason, payload ->> 'CreatedDate' as created_at,
    payload ->> 'Closed_At__c' as closed_at, payload ->> 'IsWon' as won,
    payload ->> 'NextStep' as next_step,
    payload ->> 'OwnerId' as owner,
    payload ->> 'Amount' as amount, payload ->> 'AccountId' as account,
    payload ->> 'CurrencyIsoCode' as currency, payload ->> 'Type' as type,
    payload ->> 'Discovery_Completed__c' as discovery_at,
    payload ->> 'Customer_Committed__c' as committed_at,
    payload ->> 'Contract_Signed__c' as signed_at
from latest where resource = 'opportunity';
create index temp.opportunity_by on opportunity (tenant, id);
create temp table stage_step as
select tenant, id, opportunity, stage, rank, changed_at, amount, close_date,
    lag(stage) over life as stage_before, lag(rank) over life as rank_before,
    lag(changed_at) over life as changed_before, lag(amount) over life as amount_before,
    lag(close_date) over life as close_date_before
from (
    select tenant, id, payload ->> 'OpportunityId' as opportunity, payload ->> 'StageName' as stage,
        payload ->> 'CreatedDate' as changed_at, payload ->> 'Amount' as amount,
        payload ->> 'CloseDate' as close_date,
        case payload ->> 'StageName' when 'Qualification' then 1 when 'Discovery' then 2
            when 'Proposal/Price Quote' then 3 when 'Negotiation/Review' then 4
            when 'Closed Won' then 5 else 9 end as rank
    from latest where resource = 'opportunity_history'
)
window life as (partition by tenant, opportunity order by changed_at, rank, id);
create temp table entry as
select tenant, opportunity, stage, min(changed_at) as entered_at, amount, close_date
from stage_step where stage_before is null or stage <> stage_before
group by tenant, opportunity, stage;
create temp table field_change as select tenant, payload ->> 'OpportunityId' as opportunity,
    payload ->> 'Field' as field, payload ->> 'OldValue' as old, payload ->> 'NewValue' as new,
    payload ->> 'CreatedDate' as changed_at
from latest where resource = 'opportunity_field_history';
create index temp.field_change_by on field_change (tenant, opportunity);
create temp table decision_maker as
select tenant, payload ->> 'OpportunityId' as opportunity, min(payload ->> 'CreatedDate') as since
from latest where resource = 'opportunity_contact_role' and payload ->> 'Role' = 'Decision Maker'
group by 1, 2;
create index temp.decision_maker_by on decision_maker (tenant, opportunity);
create temp view person as select tenant, id, payload ->> 'Hire_Date__c' as hired,
    payload ->> 'End_Date__c' as ended, payload ->> 'IsActive' as active,
    payload ->> 'ManagerId' as manager, payload ->> 'EmployeeNumber' as employee
from latest where resource = 'user' and vendor = 'salesforce';
create temp table task as select l.tenant, l.id, l.payload ->> 'WhatId' as deal,
    l.payload ->> 'WhoId' as person, l.payload ->> 'ActivityDate' as due,
    date(substr(l.payload ->> 'ReminderDateTime', 1, 19)) as reminded,
    date(substr(l.payload ->> 'CompletedDateTime', 1, 19)) as done,
    l.payload ->> 'IsReminderSet' as is_reminder_set, p.active as owner_active
from latest as l join person as p on p.tenant = l.tenant and p.id = l.payload ->> 'OwnerId'
where l.resource = 'task';
create temp table customer as select tenant, id, payload ->> '$.metadata.crm_account_id' as account,
    payload ->> '$.metadata.domain' as domain
from latest where resource = 'customer';
create temp table invoice as select tenant, id, payload ->> 'customer' as customer,
    payload ->> 'status' as status, payload ->> 'subtotal' as net,
    (payload ->> 'total') - (payload ->> 'total_excluding_tax') as tax,
    payload ->> 'total' as gross, payload ->> 'due_date' as due, payload ->> 'currency' as currency,
    payload ->> '$.status_transitions.finalized_at' as issued,
    payload ->> '$.metadata.opportunity_id' as reference
from latest where resource = 'invoice';
create temp view line as select i.tenant, i.id as invoice, l.value ->> 'amount' as cents,
    l.value ->> '$.parent.subscription_item_details.subscription' as subscription,
    l.value ->> '$.parent.subscription_item_details.proration' as is_proration
from latest as i, json_each(i.payload ->> '$.lines.data') as l where i.resource = 'invoice';
create temp table charge as select tenant, id, payload ->> 'payment_intent' as intent,
    payload ->> 'status' as status, payload ->> 'amount' as cents, payload ->> 'created' as created,
    payload ->> 'currency' as currency
from latest where resource = 'charge';
create temp table application as select tenant, id, payload ->> 'invoice' as invoice,
    payload ->> '$.payment.payment_intent' as intent, payload ->> 'status' as status,
    payload ->> 'amount_paid' as cents, payload ->> '$.status_transitions.paid_at' as paid
from latest where resource = 'invoice_payment';
create temp table refund as select tenant, id, payload ->> 'charge' as charge,
    payload ->> 'status' as status, payload ->> 'amount' as cents, payload ->> 'created' as created
from latest where resource = 'refund';
create temp view credit_note as select tenant, id, payload ->> 'status' as status
from latest where resource = 'credit_note';
create temp view subscription as select tenant, id, payload ->> 'status' as status
from latest where resource = 'subscription';
create temp view contract as select tenant, id, deleted, payload ->> 'Status' as status,
    payload ->> 'AccountId' as account, payload ->> 'StartDate' as starts_on,
    payload ->> 'EndDate' as ends_on
from latest where resource = 'contract';
create temp view organization as select tenant, id, payload ->> 'external_id' as account,
    payload ->> '$.organization_fields.domain' as domain, payload ->> 'deleted_at' as deleted_at
from latest where resource = 'organization';
create temp view rating as select tenant, payload ->> 'score' as score,
    payload ->> 'comment' as comment
from latest where resource = 'satisfaction_rating';
create temp view child_event as select e.tenant, e.payload ->> '$.metadata.updater_role' as role,
    e.payload ->> 'ticket_id' as ticket, c.value ->> 'event_type' as type,
    c.value ->> 'status' as status, c.value ->> 'previous_value' as before,
    c.value ->> 'public' as public
from latest as e, json_each(e.payload ->> 'child_events') as c where e.resource = 'ticket_event';
create temp table candidate as
select i.tenant, i.id as invoice, o.id as opportunity
from invoice as i
join customer as c on c.tenant = i.tenant and c.id = i.customer
join opportunity as o on o.tenant = i.tenant and o.account = c.account and o.won = 1
    and not o.deleted and round(o.amount * 100) = i.net and lower(o.currency) = i.currency
    and i.issued - unixepoch(substr(o.closed_at, 1, 19)) between 0 and 59 * 86400
where i.reference is null and i.status in ('open', 'paid', 'uncollectible')
    and not exists (select 1 from invoice as l where l.tenant = o.tenant and l.reference = o.id);
"""

LATE_OR_MISSING = """
select count(*) from entry as e
join opportunity as o on o.tenant = e.tenant and o.id = e.opportunity
where e.stage = '{stage}' and o.{field} {test}
"""
REASON_GIVEN = """
select count(*) from field_change as f
join opportunity as o on o.tenant = f.tenant and o.id = f.opportunity and o.stage = 'Closed Lost'
where f.field = 'Loss_Reason__c' and f.new is {value}
    and unixepoch(substr(f.changed_at, 1, 19)) - unixepoch(substr(o.closed_at, 1, 19)) {after}
"""
WIN_OF_A_MOVER = """
select count(*) from opportunity as o join (
    select tenant, id, max(valid_at) as moved_at from (
        select tenant, id, valid_at, payload ->> 'Region__c' as region,
            lag(payload ->> 'Region__c') over (partition by tenant, id order by valid_at) as before
        from object_version where vendor = 'salesforce' and resource = 'user')
    where region <> before group by tenant, id) as mover
    on mover.tenant = o.tenant and mover.id = o.owner
where o.won = 1 and substr(o.closed_at, 1, 19) {test} mover.moved_at
"""
MIDNIGHT = """
select count(*) from charge
where tenant = '{tenant}' and strftime('%m %d %H:%M:%S', created, 'unixepoch') like '{time}'
"""

PHENOMENA = {
    "lead without a source": "select count(*) from lead where source is null",
    "lead of source unknown": "select count(*) from lead where source = 'unknown'",
    "lead left new": "select count(*) from lead where status = 'New'",
    "lead being worked": "select count(*) from lead where status = 'Working'",
    "lead disqualified": "select count(*) from lead where status = 'Unqualified'",
    "lead converted": "select count(*) from lead where converted = 1 and opportunity is not null",
    "lead converted without a deal": (
        "select count(*) from lead where converted = 1 and opportunity is null"
    ),
    "lead converted to an existing deal": """
        select count(*) from lead as l join opportunity as o
            on o.tenant = l.tenant and o.id = l.opportunity and o.created_at < l.created_at""",
    "lead converted to the deal of another lead": """
        select count(*) from (
            select 1 from lead as l join opportunity as o
                on o.tenant = l.tenant and o.id = l.opportunity and o.created_at > l.created_at
            group by o.tenant, o.id having count(*) > 1)""",
    "lead converted without being qualified": """
        select count(*) from lead where converted = 1 and status <> 'Qualified'""",
    "lead qualified, then disqualified": """
        select count(*) from lead as l join object_version as v on v.resource = 'lead'
            and v.tenant = l.tenant and v.id = l.id and v.payload ->> 'Status' = 'Qualified'
        where l.status = 'Unqualified'""",
    "company that asked in different letters": """
        select count(*) from (
            select 1 from lead where trim(company) <> ''
            group by tenant, lower(trim(company)) having count(distinct company) > 1)""",
    "lead without a company": "select count(*) from lead where trim(coalesce(company, '')) = ''",
    "lead deleted": "select count(*) from lead where deleted",
    "lead history of status": """
        select count(*) from latest
        where resource = 'lead_history' and payload ->> 'Field' = 'Status'""",
    "deal won": "select count(*) from opportunity where won = 1",
    "deal lost with a reason": "select count(*) from opportunity where loss_reason is not null",
    "deal lost without a reason": """
        select count(*) from opportunity where stage = 'Closed Lost' and loss_reason is null""",
    "loss reason given at the close": REASON_GIVEN.format(value="not null", after="= 0"),
    "loss reason given within a day": REASON_GIVEN.format(
        value="not null", after="between 1 and 86399"
    ),
    "loss reason given a day later": REASON_GIVEN.format(value="not null", after="= 86400"),
    "loss reason given a second after a day": REASON_GIVEN.format(
        value="not null", after="= 86401"
    ),
    "loss reason given long after": REASON_GIVEN.format(value="not null", after="> 86401"),
    "loss reason cleared": REASON_GIVEN.format(value="null", after="> 0"),
    "deal open at the end": "select count(*) from opportunity where closed_at is null",
    "deal deleted": "select count(*) from opportunity where deleted",
    "repeat purchase": "select count(*) from opportunity where type = 'Existing Business'",
    "deal in a foreign currency": """
        select count(*) from opportunity where tenant = 'aurora' and currency = 'USD'""",
    "accounts with two open deals": """
        select count(*) from (
            select 1 from opportunity where closed_at is null and not deleted
            group by tenant, account having count(*) > 1)""",
    "task not done, due and overdue": """
        select count(*) from task where done is null and due < '2026-07-01'""",
    "task due on the demo's day": """
        select count(*) from task where done is null and due = '2026-07-01'""",
    "task due later": "select count(*) from task where done is null and due > '2026-07-03'",
    "task without a date": "select count(*) from task where done is null and due is null",
    "task done late": "select count(*) from task where done > date(due, '+1 day')",
    "task put off": """
        select count(*) from task where is_reminder_set and reminded > date(due, '+1 day')""",
    "task put off past the world's end": """
        select count(*) from task where done is null and due < '2026-07-01'
        and is_reminder_set and reminded > '2026-07-03'""",
    "reminder switched off": """
        select count(*) from task where not is_reminder_set and reminded > due""",
    "reminder before the date": "select count(*) from task where reminded < date(due, '-1 day')",
    "task that somebody left behind": """
        select count(*) from task where done is null and not owner_active""",
    "task of somebody whose manager left too": """
        select count(*) from task as t join latest as l on l.resource = 'task'
            and l.tenant = t.tenant and l.id = t.id
        join person as p on p.tenant = t.tenant and p.id = l.payload ->> 'OwnerId'
        join person as boss on boss.tenant = p.tenant and boss.id = p.manager
        where t.done is null and not p.active and not boss.active""",
    "task not done on a deal that is over": """
        select count(*) from task as t join opportunity as o
            on o.tenant = t.tenant and o.id = t.deal and o.closed_at is not null
        where t.done is null""",
    "task not done on a deleted deal": """
        select count(*) from task as t join opportunity as o
            on o.tenant = t.tenant and o.id = t.deal and o.deleted
        where t.done is null""",
    "task not done on a lead": """
        select count(*) from task as t join lead as l on l.tenant = t.tenant and l.id = t.person
        where t.done is null""",
    "blocker without a code": "select count(*) from blockers where trim(code) = ''",
    "code with outer blanks": """
        select count(*) from blockers where trim(code) <> '' and code <> trim(code)""",
    "code changed": "select count(*) from blocker_changes where old <> '' and new <> ''",
    "code taken away": "select count(*) from blocker_changes where old <> '' and new = ''",
    "code changed twice in a second": """
        select count(*) from blocker_changes as one join blocker_changes as two
            on two.tenant = one.tenant and two.blocker_no = one.blocker_no
            and two.changed = one.changed and two.change_no > one.change_no""",
    "blocker never resolved": "select count(*) from blockers where resolved = ''",
    "blocker resolved without an action": """
        select count(*) from blockers where resolved <> '' and trim(action) = ''""",
    "blocker without an owner": "select count(*) from blockers where owner = ''",
    "two blockers of one deal": """
        select count(*) from (select 1 from blockers group by tenant, deal having count(*) > 1)""",
    "blocker of an unknown deal": """
        select count(*) from blockers as b where not exists (
            select 1 from opportunity as o where o.tenant = b.tenant and o.id = b.deal)""",
    "blocker of a deal that is over": """
        select count(*) from blockers as b
        join opportunity as o on o.tenant = b.tenant and o.id = b.deal
        where substr(o.closed_at, 1, 10) < substr(b.opened, 1, 10)""",
    "blocker resolved before it came up": """
        select count(*) from blockers where resolved <> '' and resolved < opened""",
    "stage skipped": """
        select count(*) from stage_step where rank <= 5 and rank_before <= 5
        and rank > rank_before + 1""",
    "stage moved backward": """
        select count(*) from stage_step where rank < rank_before and rank_before <= 5""",
    "lost, reopened and won": """
        select count(*) from opportunity as o join stage_step as s
            on s.tenant = o.tenant and s.opportunity = o.id and s.stage = 'Closed Lost'
        where o.won = 1""",
    "two stages in the same second": """
        select count(*) from stage_step
        where changed_at = changed_before and stage <> stage_before""",
    "amount changed within a stage": """
        select count(*) from stage_step
        where stage = stage_before and amount is not amount_before""",
    "close date changed within a stage": """
        select count(*) from stage_step
        where stage = stage_before and close_date is not close_date_before""",
    "owner change as names and as ids": """
        select count(*) from field_change as i join field_change as n
            on n.tenant = i.tenant and n.opportunity = i.opportunity and n.changed_at = i.changed_at
            and n.field = 'Owner' and n.new not like '005%'
        where i.field = 'Owner' and i.new like '005%' and i.old like '005%'""",
    "amount cleared": """
        select count(*) from field_change where field = 'Amount' and new is null""",
    "next step cleared": """
        select count(*) from field_change where field = 'NextStep' and new is null""",
    "open deal without a next step": """
        select count(*) from opportunity where closed_at is null and next_step is null""",
    "proposal evidence cleared": """
        select count(*) from field_change where field = 'Proposal_Sent__c' and new is null""",
    "proposal evidence entered again": """
        select count(*) from field_change as cleared join field_change as again
            on again.tenant = cleared.tenant and again.opportunity = cleared.opportunity
            and again.field = cleared.field and again.changed_at > cleared.changed_at
        where cleared.field = 'Proposal_Sent__c' and cleared.new is null""",
    "commitment cleared": """
        select count(*) from field_change
        where field = 'Customer_Committed__c' and new is null""",
    "needs confirmed before discovery": """
        select count(*) from entry as e join opportunity as o
            on o.tenant = e.tenant and o.id = e.opportunity and o.discovery_at < e.entered_at
        where e.stage = 'Discovery'""",
    "decision maker taken back": """
        select count(*) from latest as r join opportunity as o on o.tenant = r.tenant
            and o.id = r.payload ->> 'OpportunityId' and not o.deleted
        where r.resource = 'opportunity_contact_role' and r.deleted
        and r.payload ->> 'Role' = 'Decision Maker'""",
    "task deleted": "select count(*) from latest where resource = 'task' and deleted",
    "task planned for after the end": """
        select count(*) from latest where resource = 'task'
        and payload ->> 'Status' = 'Not Started' and payload ->> 'ActivityDate' > '2026-07-03'""",
    "task ticked off in advance": """
        select count(*) from latest where resource = 'task'
        and payload ->> 'Status' = 'Completed'
        and payload ->> 'CompletedDateTime' > '2026-07-03'""",
    "owner changed after the win": """
        select count(*) from field_change as f join opportunity as o
            on o.tenant = f.tenant and o.id = f.opportunity and o.won = 1
            and f.changed_at > o.closed_at
        where f.field = 'Owner'""",
    "owner changed before the win": """
        select count(*) from field_change as f join opportunity as o
            on o.tenant = f.tenant and o.id = f.opportunity and o.won = 1
            and f.changed_at < o.closed_at
        where f.field = 'Owner'""",
    "discovery evidence missing": LATE_OR_MISSING.format(
        stage="Proposal/Price Quote", field="discovery_at", test="is null"
    ),
    "discovery evidence late": LATE_OR_MISSING.format(
        stage="Proposal/Price Quote", field="discovery_at", test="> entered_at"
    ),
    "commitment missing": LATE_OR_MISSING.format(
        stage="Negotiation/Review", field="committed_at", test="is null"
    ),
    "commitment late": LATE_OR_MISSING.format(
        stage="Negotiation/Review", field="committed_at", test="> entered_at"
    ),
    "signature missing": LATE_OR_MISSING.format(
        stage="Closed Won", field="signed_at", test="is null"
    ),
    "signature late": LATE_OR_MISSING.format(
        stage="Closed Won", field="signed_at", test="> entered_at"
    ),
    "evidence in the second of the entry": """
        select count(*) from entry as e join opportunity as o
            on o.tenant = e.tenant and o.id = e.opportunity and o.signed_at = e.entered_at
        where e.stage = 'Closed Won'""",
    "quoted without an amount": """
        select count(*) from entry where stage = 'Proposal/Price Quote' and amount is null""",
    "quoted with amount zero": """
        select count(*) from entry where stage = 'Proposal/Price Quote' and amount = 0""",
    "quoted without a close date": """
        select count(*) from entry where stage = 'Proposal/Price Quote' and close_date is null""",
    "quoted amount put right": """
        select count(*) from entry as e join opportunity as o
            on o.tenant = e.tenant and o.id = e.opportunity and o.amount > 0
        where e.stage = 'Proposal/Price Quote' and coalesce(e.amount, 0) = 0""",
    "close date put right twice": """
        select count(*) from (
            select 1 from field_change where field = 'CloseDate' and old is null
            group by tenant, opportunity having count(*) > 1)""",
    "owner changed after an entry": """
        select count(*) from entry as e where exists (
            select 1 from field_change as f where f.tenant = e.tenant
            and f.opportunity = e.opportunity and f.field = 'Owner' and f.changed_at > e.entered_at
            and f.new like '005%')""",
    "decision maker known in time": """
        select count(*) from entry as e join decision_maker as d
            on d.tenant = e.tenant and d.opportunity = e.opportunity and d.since <= e.entered_at
        where e.stage = 'Negotiation/Review'""",
    "decision maker too late": """
        select count(*) from entry as e join decision_maker as d
            on d.tenant = e.tenant and d.opportunity = e.opportunity and d.since > e.entered_at
        where e.stage = 'Negotiation/Review'""",
    "decision maker missing": """
        select count(*) from entry as e left join decision_maker as d
            on d.tenant = e.tenant and d.opportunity = e.opportunity
        where e.stage = 'Negotiation/Review' and d.since is null""",
    "rep hired": "select count(*) from person where hired > '2023-07-01' and active = 1",
    "rep who left": "select count(*) from person where ended is not null and active = 0",
    "rep who moved": """
        select count(*) from (
            select id from object_version where vendor = 'salesforce' and resource = 'user'
            group by tenant, id having count(distinct payload ->> 'Region__c') > 1
                and count(distinct payload ->> 'ManagerId') > 1)""",
    "win of a rep before his move": WIN_OF_A_MOVER.format(test="<"),
    "win of a rep after his move": WIN_OF_A_MOVER.format(test=">"),
    "user who is not an employee": "select count(*) from person where employee is null",
    "account with a parent": "select count(*) from account where parent is not null",
    "account without a website": "select count(*) from account where website is null",
    "account merged": "select count(*) from account where deleted and master is not null",
    "account deleted": "select count(*) from account where deleted and master is null",
    "customer that names its account": "select count(*) from customer where account is not null",
    "customer that names a domain only": """
        select count(*) from customer where account is null and domain is not null""",
    "customer that names nothing": """
        select count(*) from customer where account is null and domain is null and id <> 'guest'""",
    "customer linked later": """
        select count(*) from (
            select id from object_version where resource = 'customer'
            group by tenant, id having count(*) > 1)""",
    "two customers of one account": """
        select count(*) from (
            select account from customer group by tenant, account having count(account) > 1)""",
    "invoice of the guest customer": "select count(*) from invoice where customer = 'guest'",
    "invoice without a customer": "select count(*) from invoice where customer is null",
    "deal in one invoice": """
        select count(*) from (
            select 1 from invoice where reference is not null and status = 'paid'
            group by tenant, reference having count(*) = 1)""",
    "deal in instalments": """
        select count(*) from (
            select 1 from invoice where reference is not null and status = 'paid'
            group by tenant, reference having count(*) > 1)""",
    "tax of 6 percent": """
        select count(*) from invoice where tenant = 'aurora' and tax * 100 between net * 6 - 50
        and net * 6 + 50""",
    "tax of 8 percent": """
        select count(*) from invoice where tenant = 'borealis' and tax * 100 between net * 8 - 50
        and net * 8 + 50""",
    "invoice without tax": "select count(*) from invoice where tax = 0",
    "invoice of several lines": """
        select count(*) from (
            select 1 from line group by tenant, invoice having count(*) between 2 and 10)""",
    "invoice billed by the day": """
        select count(*) from (select 1 from line group by tenant, invoice having count(*) > 10)""",
    "invoice of a subscription's period": """
        select count(distinct tenant || invoice) from line where subscription is not null""",
    "unused time credited": "select count(*) from line where is_proration = 1 and cents < 0",
    "invoice without a reference": "select count(*) from invoice where reference is null",
    "reference found by amount and window": """
        select count(*) from candidate as c
        where (select count(*) from candidate as x
               where x.tenant = c.tenant and x.invoice = c.invoice) = 1
        and (select count(*) from candidate as x
             where x.tenant = c.tenant and x.opportunity = c.opportunity) = 1""",
    "reference ambiguous": """
        select count(*) from (
            select 1 from candidate group by tenant, invoice having count(*) > 1)""",
    "reference not to be found": """
        select count(*) from invoice as i
        where reference is null and status = 'paid' and customer like 'cus%'
        and not exists (
            select 1 from candidate as c where c.tenant = i.tenant and c.invoice = i.id)""",
    "reference to an unknown deal": """
        select count(*) from invoice as i where reference is not null and not exists (
            select 1 from opportunity as o where o.tenant = i.tenant and o.id = i.reference)""",
    "reference to a deleted deal": """
        select count(*) from invoice as i join opportunity as o
            on o.tenant = i.tenant and o.id = i.reference and o.deleted""",
    "invoice void": "select count(*) from invoice where status = 'void'",
    "invoice draft": "select count(*) from invoice where status = 'draft'",
    "invoice uncollectible": "select count(*) from invoice where status = 'uncollectible'",
    "invoice overdue": """
        select count(*) from invoice where status = 'open' and due < unixepoch('2026-07-01')""",
    "charge failed": "select count(*) from charge where status = 'failed'",
    "charge failed, then succeeded": """
        select count(*) from charge as f join charge as s
            on s.tenant = f.tenant and s.intent = f.intent and s.status = 'succeeded'
        where f.status = 'failed'""",
    "charge pending at first": """
        select count(*) from object_version
        where resource = 'charge' and payload ->> 'status' = 'pending'""",
    "invoice paid in parts": """
        select count(*) from (
            select 1 from application where status = 'paid'
            group by tenant, invoice having count(*) > 1)""",
    "one payment of two invoices": """
        select count(*) from (
            select 1 from application where status = 'paid'
            group by tenant, intent having count(*) > 1)""",
    "payment larger than its applications": """
        select count(*) from charge as c where status = 'succeeded' and cents > (
            select sum(cents) from application as a
            where a.tenant = c.tenant and a.intent = c.intent and a.status = 'paid')""",
    "payment of an unknown invoice": """
        select count(*) from application as a where not exists (
            select 1 from invoice as i where i.tenant = a.tenant and i.id = a.invoice)""",
    "payment of a void invoice": """
        select count(*) from application as a join invoice as i
            on i.tenant = a.tenant and i.id = a.invoice and i.status = 'void'
        where a.status = 'paid'""",
    "application cancelled": "select count(*) from application where status = 'canceled'",
    "application after the payment": """
        select count(*) from application as a join charge as c
            on c.tenant = a.tenant and c.intent = a.intent and c.status = 'succeeded'
        where a.paid > c.created""",
    "payment in Shanghai's last second of a month": """
        select count(*) from charge where tenant = 'aurora'
        and strftime('%d %H:%M:%S', created + 8 * 3600 + 1, 'unixepoch') = '01 00:00:00'""",
    "payment in Shanghai's first second of a month": """
        select count(*) from charge where tenant = 'aurora'
        and strftime('%d %H:%M:%S', created + 8 * 3600, 'unixepoch') = '01 00:00:00'""",
    "payment in New York's last second of a winter month": MIDNIGHT.format(
        tenant="borealis", time="__ 01 04:59:59"
    ),
    "payment in New York's first second of a winter month": MIDNIGHT.format(
        tenant="borealis", time="__ 01 05:00:00"
    ),
    "payment in New York's last second of a summer month": MIDNIGHT.format(
        tenant="borealis", time="__ 01 03:59:59"
    ),
    "payment in New York's first second of a summer month": MIDNIGHT.format(
        tenant="borealis", time="__ 01 04:00:00"
    ),
    "refund in full": """
        select count(*) from refund as r join charge as c
            on c.tenant = r.tenant and c.id = r.charge and c.cents = r.cents
        where r.status = 'succeeded'""",
    "refund in part": """
        select count(*) from refund as r join charge as c
            on c.tenant = r.tenant and c.id = r.charge and c.cents > r.cents
        where r.status = 'succeeded'""",
    "several refunds of one charge": """
        select count(*) from (
            select 1 from refund where status = 'succeeded'
            group by tenant, charge having count(*) > 1)""",
    "refund in the month of the payment": """
        select count(*) from refund as r join charge as c
            on c.tenant = r.tenant and c.id = r.charge
        where strftime('%Y-%m', r.created, 'unixepoch') = strftime('%Y-%m', c.created, 'unixepoch')
        and r.status = 'succeeded'""",
    "refund in a later month": """
        select count(*) from refund as r join charge as c
            on c.tenant = r.tenant and c.id = r.charge
        where strftime('%Y-%m', r.created, 'unixepoch') > strftime('%Y-%m', c.created, 'unixepoch')
        and r.status = 'succeeded'""",
    "refund failed": "select count(*) from refund where status = 'failed'",
    "credit note for a refund": "select count(*) from credit_note where status = 'issued'",
    "credit note void": "select count(*) from credit_note where status = 'void'",
    "refund without a credit note": """
        select (select count(*) from refund where status = 'succeeded')
            - (select count(*) from credit_note)""",
    "subscription that runs": "select count(*) from subscription where status = 'active'",
    "subscription that ended": "select count(*) from subscription where status = 'canceled'",
    "contract in draft": "select count(*) from contract where status = 'Draft'",
    "contract activated": "select count(*) from contract where status = 'Activated'",
    "won deal of a contract of three years": """
        select count(*) from latest as o join contract as c
            on c.tenant = o.tenant and c.id = o.payload ->> 'ContractId'
        where o.resource = 'opportunity' and not o.deleted and o.payload ->> 'IsWon'
        and not c.deleted and c.ends_on = date(c.starts_on, '+36 months', '-1 day')""",
    "won deal of a contract of a year": """
        select count(*) from latest as o join contract as c
            on c.tenant = o.tenant and c.id = o.payload ->> 'ContractId'
        where o.resource = 'opportunity' and not o.deleted and o.payload ->> 'IsWon'
        and not c.deleted and c.ends_on = date(c.starts_on, '+12 months', '-1 day')""",
    "contract of a merged account": """
        select count(distinct v.tenant || v.id) from object_version as v
        join account as gone on gone.tenant = v.tenant and gone.id = v.payload ->> 'AccountId'
        join contract as c on c.tenant = v.tenant and c.id = v.id and c.account = gone.master
        where v.resource = 'contract'""",
    "contact": "select count(*) from latest where resource = 'contact' and not deleted",
    "contact without an address": """
        select count(*) from latest where resource = 'contact' and payload ->> 'Email' is null""",
    "contact of a merged account": """
        select count(*) from account as gone join latest as c on c.resource = 'contact'
        and c.tenant = gone.tenant and c.payload ->> 'AccountId' = gone.master
        where exists (select 1 from object_version as v where v.resource = 'contact'
            and v.tenant = c.tenant and v.id = c.id and v.payload ->> 'AccountId' = gone.id)""",
    "quote with a discount": """
        select count(*) from (
            select 1 from object_version where resource = 'quote'
            group by tenant, id having count(distinct payload ->> 'TotalPrice') > 1)""",
    "quote accepted": """
        select count(*) from latest where resource = 'quote'
        and payload ->> 'Status' = 'Accepted'""",
    "quote denied": """
        select count(*) from latest where resource = 'quote' and payload ->> 'Status' = 'Denied'""",
    "campaign that has cost": """
        select count(*) from latest where resource = 'campaign'
        and payload ->> 'ActualCost' is not null""",
    "lead touched by a campaign": """
        select count(*) from latest where resource = 'campaign_member' and not deleted""",
    "lead that answered a campaign": """
        select count(*) from latest where resource = 'campaign_member'
        and payload ->> 'HasResponded'""",
    "person who asks for support": """
        select count(*) from latest where vendor = 'zendesk' and resource = 'user'
        and payload ->> 'role' = 'end-user'""",
    "product no longer sold": """
        select count(*) from latest where resource = 'product' and vendor = 'salesforce'
        and not payload ->> 'IsActive'""",
    "organization that names its account": """
        select count(*) from organization where account is not null""",
    "organization that names a domain only": """
        select count(*) from organization where account is null and domain is not null""",
    "organization that names nothing": """
        select count(*) from organization where account is null and domain is null""",
    "organization deleted": "select count(*) from organization where deleted_at is not null",
    "ticket waiting for the customer": "select count(*) from child_event where status = 'pending'",
    "ticket on hold": "select count(*) from child_event where status = 'hold'",
    "ticket reopened": """
        select count(*) from child_event where before = 'solved' and status = 'open'""",
    "ticket closed": "select count(*) from child_event where status = 'closed'",
    "comment of an agent, public": """
        select count(*) from child_event
        where type = 'Comment' and role = 'agent' and public = 1""",
    "comment of an agent, internal": """
        select count(*) from child_event
        where type = 'Comment' and role = 'agent' and public = 0""",
    "survey not answered": "select count(*) from rating where score = 'offered'",
    "survey answered good": "select count(*) from rating where score = 'good'",
    "survey answered bad with a comment": """
        select count(*) from rating where score = 'bad' and comment is not null""",
    "the same id for different things": """
        select count(*) from latest as a join latest as b
            on b.resource = a.resource and b.id = a.id and b.tenant = 'borealis'
            and b.payload <> a.payload
        where a.tenant = 'aurora'""",
}

PAYROLL_PHENOMENA = (
    "commission paid as due",
    "commission a cent off",
    "commission amount wrong",
    "commission in the wrong currency",
    "commission in two lines",
    "commission not paid",
    "commission of somebody on no plan",
    "commission taken back",
    "pay that is not commission",
)
"""Held by `test_world_payroll.py`."""

SIZES = [
    pytest.param(("tiny", 7), id="tiny-7"),
    pytest.param(("tiny", 11), id="tiny-11"),
    pytest.param(("S", 7), id="S-7", marks=pytest.mark.prove),
    pytest.param(("S", 11), id="S-11", marks=pytest.mark.prove),
]


@pytest.fixture(scope="module", params=SIZES)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[sqlite3.Connection]:
    scale, seed = request.param
    folder = tmp_path_factory.mktemp("world")
    build_world(seed, folder, scale=scale)
    with sqlite3.connect(folder / "world.sqlite") as db:
        db.executescript(LATEST)
        for name in ("blockers", "blocker_changes"):
            read_list(db, name, sorted((folder / "files" / "sales").glob(f"*/{name}.csv")))
        yield db


def read_list(db: sqlite3.Connection, name: str, paths: list[Path]) -> None:
    """The lists of all tenants as one temporary table, in the columns of their files."""
    for path in paths:
        header, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
        columns = ", ".join(["tenant", *header])
        db.execute(f"create temp table if not exists {name} ({columns})")
        marks = ", ".join("?" for _ in ["tenant", *header])
        db.executemany(
            f"insert into {name} values ({marks})", [[path.parent.name, *row] for row in rows]
        )


@pytest.mark.parametrize("name", PHENOMENA)
def test_the_world_holds(world: sqlite3.Connection, name: str) -> None:
    (count,) = world.execute(PHENOMENA[name]).fetchone()
    assert count > 0, f"no {name} in this world"


def test_nobody_reports_to_himself(world: sqlite3.Connection) -> None:
    """Not even where one rep alone has left: who left last reports to who left first."""
    (count,) = world.execute("select count(*) from person where manager = id").fetchone()
    assert count == 0


def test_the_readme_lists_every_phenomenon_and_no_other() -> None:
    rows = [line.split("|") for line in README.read_text(encoding="utf-8").splitlines()]
    listed = {row[1].strip() for row in rows if len(row) == 5 and row[2].strip() != "where"}
    assert listed - {"---"} == {*PHENOMENA, *PAYROLL_PHENOMENA}
