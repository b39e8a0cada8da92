"""Win rates, average deals and what deals were lost for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from company.answer_key.changes import Changes, changes_of
from company.answer_key.deals import Deal
from company.answer_key.facts import (
    Facts,
    Row,
    half_away,
    known_sum,
    month_of,
    months_between,
    rate,
)
from company.answer_key.measures import interval, percentile
from company.answer_key.places import UNKNOWN

Segmented = dict[tuple[str, str, str, str, date], list[Deal]]


def _of(deals: Iterable[Deal], outcome: str) -> list[Deal]:
    return [deal for deal in deals if deal.outcome == outcome]


def _qualified(deals: Iterable[Deal]) -> list[Deal]:
    return [deal for deal in deals if deal.is_qualified]


def _unqualified(deals: Iterable[Deal]) -> list[Deal]:
    return [deal for deal in deals if not deal.is_qualified]


def _by_segment(
    facts: Facts,
    deals: Iterable[Deal],
    month_name: str,
    day: Callable[[Deal], date | None],
    cell: Callable[[Facts, list[Deal]], Row],
) -> list[Row]:
    """A row for each segment and month of a day that the deals have; others are left out."""
    groups: Segmented = defaultdict(list)
    for deal in deals:
        counted_on = day(deal)
        if counted_on is not None:
            for segment in deal.segments():
                grain = (deal.tenant, deal.pipeline_id, *segment, month_of(counted_on))
                groups[grain].append(deal)
    return [
        {
            "tenant": tenant,
            "pipeline_id": pipeline_id,
            "segment_kind": segment_kind,
            "segment_id": segment_id,
            month_name: month,
            **cell(facts, counted),
            "currency_code": facts.currency(tenant),
        }
        for (tenant, pipeline_id, segment_kind, segment_id, month), counted in groups.items()
    ]


def by_close_month(facts: Facts, deals: list[Deal]) -> list[Row]:
    """`mart_win_rate_by_close_month`."""
    closed = (deal for deal in deals if deal.outcome != "open")
    return _by_segment(facts, closed, "close_month", lambda deal: deal.closed_on, _closed_cell)


def _closed_cell(facts: Facts, closed: list[Deal]) -> Row:
    won, lost = _of(closed, "won"), _of(closed, "lost")
    low, high = interval(len(won), len(won) + len(lost))

    def amount(deals: list[Deal]) -> Decimal | None:
        return known_sum(deal.worth_at_close(facts) for deal in deals)

    without_amount = sum(not deal.worth_at_close(facts) for deal in lost)
    qualified_won, qualified_lost = len(_qualified(won)), len(_qualified(lost))
    return {
        "won_count": len(won),
        "lost_count": len(lost),
        "disqualified_count": len(_of(closed, "disqualified")),
        "win_rate_by_count": rate(len(won), len(won) + len(lost)),
        "win_rate_low": low,
        "win_rate_high": high,
        "won_amount": amount(won),
        "lost_amount": amount(lost),
        "win_rate_by_value": _rate_by_value(amount(won) if won else 0, amount(lost) if lost else 0),
        "lost_without_amount_count": without_amount,
        "is_value_rate_meaningful": without_amount * 10 <= len(lost),
        "qualified_won_count": qualified_won,
        "unqualified_won_count": len(won) - qualified_won,
        "qualified_lost_count": qualified_lost,
        "unqualified_lost_count": len(lost) - qualified_lost,
        "qualified_won_amount": amount(_qualified(won)),
        "unqualified_won_amount": amount(_unqualified(won)),
        "qualified_win_rate_by_count": rate(qualified_won, qualified_won + qualified_lost),
    }


def _rate_by_value(won: Decimal | int | None, lost: Decimal | int | None) -> Decimal | None:
    """Of amounts that are 0 where there is no deal, None where no deal's is known."""
    return None if won is None or lost is None else rate(won, won + lost)


def by_created_month(facts: Facts, deals: list[Deal]) -> list[Row]:
    """`mart_win_rate_by_created_month`."""
    return _by_segment(facts, deals, "created_month", lambda deal: deal.created_on, _created_cell)


def _created_cell(facts: Facts, created: list[Deal]) -> Row:
    won, still_open = _of(created, "won"), _of(created, "open")
    low, high = interval(len(won), len(created))
    created_amount = known_sum(deal.worth(facts, deal.created_on) for deal in created)
    won_amount = known_sum(deal.worth(facts, deal.created_on) for deal in won)
    qualified, qualified_won = len(_qualified(created)), len(_qualified(won))
    return {
        "created_count": len(created),
        "won_count": len(won),
        "lost_count": len(_of(created, "lost")),
        "disqualified_count": len(_of(created, "disqualified")),
        "open_count": len(still_open),
        "won_by_created_rate": rate(len(won), len(created)),
        "won_by_created_rate_low": low,
        "won_by_created_rate_high": high,
        "created_amount": created_amount,
        "won_amount": won_amount,
        "won_by_created_value_rate": rate(won_amount if won else 0, created_amount),
        "is_mature": len(still_open) * 20 < len(created),
        "qualified_created_count": qualified,
        "unqualified_created_count": len(created) - qualified,
        "qualified_won_count": qualified_won,
        "qualified_won_by_created_rate": rate(qualified_won, qualified),
    }


def average_deals(facts: Facts, deals: list[Deal]) -> list[Row]:
    """`mart_average_deal_by_close_month`."""
    groups: dict[tuple[str, str, date, str], list[Deal]] = defaultdict(list)
    for deal in _of(deals, "won"):
        if deal.closed_on is not None:
            month = month_of(deal.closed_on)
            groups[(deal.tenant, deal.pipeline_id, month, deal.new_or_repeat)].append(deal)
    invoiced = {tenant: _first_invoices(facts, tenant) for tenant in facts.tenants}
    rows = []
    for (tenant, pipeline_id, month, new_or_repeat), won in groups.items():
        worths = [deal.worth_at_close(facts) for deal in won]
        known = [worth for worth in worths if worth is not None]
        qualified, unqualified = _qualified(won), _unqualified(won)
        before = [
            deal
            for deal in won
            if deal.account in invoiced[tenant] and invoiced[tenant][deal.account] < deal.created_at
        ]
        rows.append(
            {
                "tenant": tenant,
                "pipeline_id": pipeline_id,
                "close_month": month,
                "new_or_repeat": new_or_repeat,
                "won_count": len(won),
                "amount_known_count": len(known),
                "won_amount": known_sum(known),
                "average_amount": _mean(known),
                "median_amount": percentile(known, 50),
                "qualified_won_count": len(qualified),
                "unqualified_won_count": len(unqualified),
                "qualified_won_amount": known_sum(d.worth_at_close(facts) for d in qualified),
                "unqualified_won_amount": known_sum(d.worth_at_close(facts) for d in unqualified),
                "invoiced_before_count": len(before) if new_or_repeat == "new" else 0,
                "currency_code": facts.currency(tenant),
            }
        )
    return rows


def _mean(amounts: list[Decimal]) -> Decimal | None:
    if not amounts:
        return None
    return half_away(sum(map(Fraction, amounts), Fraction(0)) / len(amounts))


def _first_invoices(facts: Facts, tenant: str) -> dict[str, datetime]:
    """CRM account -> when the first invoice that counts was issued to it."""
    crm_account = facts.crm_account_of(tenant)
    first: dict[str, datetime] = {}
    for invoice in facts.invoices(tenant).values():
        account = facts.customer_id(invoice["customer"], crm_account)
        if account is None:
            continue
        first[account] = min(invoice["issued_at"], first.get(account, invoice["issued_at"]))
    return first


def loss_reasons(facts: Facts, deals: list[Deal]) -> list[Row]:
    """`mart_loss_reasons_by_close_month`."""
    months: dict[tuple[str, str, date], list[Deal]] = defaultdict(list)
    for deal in _of(deals, "lost"):
        if deal.closed_on is not None:
            months[(deal.tenant, deal.pipeline_id, month_of(deal.closed_on))].append(deal)
    reasons = {tenant: changes_of(facts, tenant, "Loss_Reason__c") for tenant in facts.tenants}
    said = _said_by_owner(months)
    rows = []
    for (tenant, pipeline_id, month), lost in months.items():
        total = known_sum(deal.worth_at_close(facts) for deal in lost)
        groups: dict[tuple[str, str], list[Deal]] = defaultdict(list)
        for deal in lost:
            groups[(deal.loss_reason or UNKNOWN, deal.new_or_repeat)].append(deal)
        so_far = 0
        ranked = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
        for rank, ((reason, new_or_repeat), of_reason) in enumerate(ranked, start=1):
            so_far += len(of_reason)
            amount = known_sum(deal.worth_at_close(facts) for deal in of_reason)
            rows.append(
                {
                    "tenant": tenant,
                    "pipeline_id": pipeline_id,
                    "close_month": month,
                    "loss_reason": reason,
                    "new_or_repeat": new_or_repeat,
                    "lost_count": len(of_reason),
                    "lost_amount": amount,
                    "lost_count_share_rate": rate(len(of_reason), len(lost)),
                    "lost_amount_share_rate": rate(amount, total),
                    "rank_by_count": rank,
                    "cumulative_count_share_rate": rate(so_far, len(lost)),
                    "reason_after_close_count": sum(
                        _is_late(d, reasons[tenant][d.source_id]) for d in of_reason
                    ),
                    "habitual_reason_count": sum(_is_habitual(d, said) for d in of_reason),
                    "qualified_lost_count": len(_qualified(of_reason)),
                    "unqualified_lost_count": len(_unqualified(of_reason)),
                    "currency_code": facts.currency(tenant),
                }
            )
    return rows


def _said_by_owner(
    months: dict[tuple[str, str, date], list[Deal]],
) -> dict[tuple[str, str, str], list[tuple[date, str]]]:
    """(tenant, pipeline, owner at close) -> (month, known reason) of each deal that he lost."""
    said: dict[tuple[str, str, str], list[tuple[date, str]]] = defaultdict(list)
    for (tenant, pipeline_id, month), lost in months.items():
        for deal in lost:
            if deal.owner and deal.loss_reason:
                said[(tenant, pipeline_id, deal.owner)].append((month, deal.loss_reason))
    return said


def _is_habitual(deal: Deal, said: dict[tuple[str, str, str], list[tuple[date, str]]]) -> bool:
    """Its owner gave this reason to four fifths of at least five deals lost within a year."""
    if not deal.owner or not deal.loss_reason or deal.closed_on is None:
        return False
    closed = month_of(deal.closed_on)
    recent = [
        reason
        for month, reason in said[(deal.tenant, deal.pipeline_id, deal.owner)]
        if 0 <= months_between(month, closed) < 12
    ]
    return len(recent) >= 5 and 5 * recent.count(deal.loss_reason) >= 4 * len(recent)


def _is_late(deal: Deal, changes: Changes) -> bool:
    """The reason of a lost deal was set more than a day after it was closed."""
    set_at = [at for at, _, row in changes if row["NewValue"] is not None]
    if deal.closed_at is None or not set_at:
        return False
    return max(set_at) > deal.closed_at + timedelta(days=1)
