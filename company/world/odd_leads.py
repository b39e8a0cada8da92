"""More leads of companies that asked before: duplicates, and what their qualification can be.

They come last and draw from a stream of their own, so everything else is as it would be without.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from company.world.calendar import DAY, HOUR, in_office
from company.world.companies import Company
from company.world.deals import Deal
from company.world.owners import pick_owner
from company.world.records import Record
from company.world.sales import Lead, Sales, convert, lead_record
from company.world.streams import Rota, chance, stream


def odd_leads(seed: int, sales: Sales) -> list[Lead]:
    """Each kind of odd lead, of one company in sixty."""
    first_leads: dict[str, Lead] = {}
    for lead in sales.leads:
        first_leads.setdefault(str(lead.record.first_state["Company"]), lead)
    first_deals: dict[int, Deal] = {}
    for deal in sales.deals:
        first_deals.setdefault(deal.company.number, deal)
    maker = _Maker(sales, stream(seed, sales.tenant.name, "odd leads"))
    return [
        odd
        for company in sales.companies
        if company.name in first_leads
        for odd in maker.of_company(
            company, first_leads[company.name].record, first_deals.get(company.number)
        )
    ]


@dataclass(slots=True)
class _Maker:
    """Makes the odd leads of one tenant, each kind in its turn."""

    sales: Sales
    random: Random
    rota: Rota = field(default_factory=Rota)

    def of_company(self, company: Company, first: Record, deal: Deal | None) -> Iterator[Lead]:
        at = first.created_at
        if self.rota.turn("same second", every=60, first=2):
            yield self.lead(company, at, "Working", spelled=company.name.upper())
        if self.rota.turn("asked again", every=60, first=4):
            yield self.lead(company, self.later(at), spelled=f" {company.name}  ")
        if self.rota.turn("without a company", every=60, first=6):
            yield self.lead(
                company, self.later(at), spelled="  " if chance(self.random, 50) else None
            )
        if self.rota.turn("disqualified after all", every=60, first=8):
            yield self.lead(company, self.later(at), "Working", "Qualified", "Unqualified")
        if self.rota.turn("qualified after all", every=60, first=10):
            yield self.lead(company, self.later(at), "Unqualified", "Working", "Qualified")
        if deal is not None and deal.record.deleted_at is None:
            yield from self._of_deal(company, deal)

    def _of_deal(self, company: Company, deal: Deal) -> Iterator[Lead]:
        """Leads that joined the deal; those asked before it was made are joined after it was."""
        before, after = deal.created_at - 2 * DAY, deal.created_at + DAY
        if self.rota.turn("joined from before", every=24, first=1):
            yield self.joined(company, deal, self.lead(company, before, "Working"), after)
        if self.rota.turn("joined unqualified", every=24, first=2):
            lead = self.lead(company, after, "Working")
            yield self.joined(company, deal, lead, after + DAY, status="Working")
        if self.rota.turn("joined untouched", every=24, first=3):
            yield self.joined(company, deal, self.lead(company, after), after + DAY, status="New")
        if self.rota.turn("joined qualified", every=24, first=4):
            lead = self.lead(company, before, "Working", "Qualified")
            yield self.joined(company, deal, lead, after + 60 * DAY)

    def later(self, at: int) -> int:
        return at + self.random.randrange(DAY, 40 * DAY)

    def lead(self, company: Company, at: int, *statuses: str, spelled: str | None = "") -> Lead:
        """A lead that goes through the statuses, one to four days apart.

        `spelled` is how it writes its company; empty: as the company does.
        """
        owner = pick_owner(self.random, self.sales.roster, company.region, at)
        record = lead_record(self.random, self.sales, company, "Website", owner.id, at)
        if spelled != "":
            record.change(at, Company=spelled)
        changed_at = at
        for status in statuses:
            days = self.random.randrange(DAY, 4 * DAY)
            changed_at = in_office(self.random, changed_at + days, self.sales.tenant.zone)
            record.change(changed_at, Status=status)
        return Lead(record, owner.id, None)

    def joined(
        self, company: Company, deal: Deal, lead: Lead, at: int, status: str = "Qualified"
    ) -> Lead:
        """The lead, converted into the deal at the instant, or an hour after what it did last."""
        done_at = [since for since, _ in lead.record.states()][-1]
        converted_at = max(at, done_at + HOUR)
        convert(self.sales, lead.record, company, deal, converted_at, status)
        return Lead(lead.record, lead.owner_id, converted_at)
