"""What a deal sells: product lines whose totals always sum to the deal's amount."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from company.world.calendar import salesforce_time
from company.world.deals import Deal
from company.world.ids import Counter, salesforce_id
from company.world.products import BY_CODE, SOLD, Product
from company.world.records import Record, money
from company.world.streams import stream
from company.world.tenants import Tenant


def opportunity_lines(
    seed: int, tenant: Tenant, counter: Counter, deals: list[Deal]
) -> Iterator[Record]:
    """Lines from the moment a quoted amount is known; the first takes later changes of it."""
    random = stream(seed, tenant.name, "lines")
    for deal in deals:
        amounts = _quoted_amounts(deal)
        if not amounts:
            continue
        quoted_at, quoted = amounts[0]
        first, *others = random.sample(SOLD, random.randrange(1, 4))
        rest = int(quoted.scaleb(2))
        for product in others:
            quantity = random.randrange(1, 9)
            unit_cents = rest * random.randrange(5, 30) // 100 // quantity
            rest -= unit_cents * quantity
            yield _line(counter, deal, quoted_at, product, quantity, unit_cents)
        line = _line(counter, deal, quoted_at, first, 1, rest)
        for at, amount in amounts[1:]:
            total = money(rest + int((amount - quoted).scaleb(2)))
            line.change(at, UnitPrice=total, TotalPrice=total)
        yield line


@dataclass(frozen=True, slots=True)
class Sold:
    """What a deal ended up selling of one product; `cents` are those of all units."""

    product: Product
    quantity: int
    cents: int


def sold_by_deal(lines: list[Record]) -> dict[str, list[Sold]]:
    """Deal id -> what its lines say in the end, the largest first."""
    sold: dict[str, list[Sold]] = {}
    for line in lines:
        *_, (_, state) = line.states()
        product = BY_CODE[state["ProductCode"]]
        cents = int(state["TotalPrice"].scaleb(2))
        sold.setdefault(state["OpportunityId"], []).append(
            Sold(product, int(state["Quantity"]), cents)
        )
    for parts in sold.values():
        parts.sort(key=lambda part: (-part.cents, part.product.number))
    return sold


def _quoted_amounts(deal: Deal) -> list[tuple[int, Decimal]]:
    """(instant, amount) of every positive amount from the quote on."""
    found: list[tuple[int, Decimal]] = []
    for at, state in deal.record.states():
        amount = state["Amount"]
        if deal.quoted_at is None or at < deal.quoted_at or not amount:
            continue
        if not found or found[-1][1] != amount:
            found.append((at, amount))
    return found


def _line(
    counter: Counter, deal: Deal, at: int, product: Product, quantity: int, unit_cents: int
) -> Record:
    kind = "opportunity_line_item"
    return Record(
        salesforce_id(kind, counter.next(kind)),
        at,
        {
            "OpportunityId": deal.id,
            "ProductCode": product.code,
            "Product2Id": product.crm_id,
            "Product2": {"Family": product.family},
            "Quantity": money(quantity * 100),
            "UnitPrice": money(unit_cents),
            "TotalPrice": money(unit_cents * quantity),
            "CurrencyIsoCode": deal.company.currency,
            "CreatedById": deal.owners[0][1].id,
            "CreatedDate": salesforce_time(at),
            "IsDeleted": False,
        },
    )
