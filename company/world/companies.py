"""The companies that a tenant sells to: names, domains, parents, and their CRM accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from company.world.calendar import salesforce_time
from company.world.ids import Counter, salesforce_id
from company.world.owners import owner_path, pick_owner
from company.world.people import Roster
from company.world.records import Record
from company.world.streams import chance
from company.world.tenants import Tenant

_FIRST = (
    "North", "Blue", "Silver", "Apex", "Delta", "Harbor", "Summit", "Cedar", "Vector", "Orchid",
    "Granite", "Lumen", "Pioneer", "Quartz", "River", "Solar", "Tidal", "Union", "Vista", "Zenith",
)  # fmt: skip
_SECOND = (
    "field", "line", "works", "bridge", "gate", "point", "stone", "view", "port", "way",
)  # fmt: skip
_KIND = ("Systems", "Logistics", "Foods", "Energy", "Medical", "Robotics", "Materials", "Retail")
_CHINESE_FIRST = ("晨星", "远景", "恒通", "华盛", "中科", "海川", "博瑞", "天元", "金桥", "新锐")
_CHINESE_KIND = ("科技", "物流", "食品", "能源", "医疗", "机械", "材料", "零售")
_INDUSTRIES = ("Manufacturing", "Logistics", "Food", "Energy", "Healthcare", "Retail", None)


@dataclass(slots=True)
class Company:
    """A company outside: its region and currency; `account` once it is in the CRM.

    `domain` is None when nobody entered a website. `merged_into` names the surviving account.
    """

    number: int
    name: str
    domain: str | None
    region: str
    currency: str
    account: Record | None = None
    merged_into: str | None = None
    contacts: list[str] = field(default_factory=list)

    @property
    def account_id(self) -> str:
        if self.account is None:
            raise LookupError(f"{self.name} has no account")
        return self.account.id


def invent_company(random: Random, tenant: Tenant, region: str, number: int) -> Company:
    """A new company; every third of a Chinese tenant has a Chinese name."""
    first = f"{random.choice(_FIRST)}{random.choice(_SECOND)}"
    name = f"{first} {random.choice(_KIND)} {number}"
    if tenant.currency == "CNY" and chance(random, 33):
        name = f"{random.choice(_CHINESE_FIRST)}{random.choice(_CHINESE_KIND)}{number}有限公司"
    domain = None if chance(random, 8) else f"{first.lower()}{number}.example"
    currency = (
        tenant.foreign_currency if chance(random, tenant.foreign_percent) else tenant.currency
    )
    return Company(number, name, domain, region, currency)


def _website(random: Random, domain: str) -> str:
    """The domain as people type it: with and without scheme, www, path and capitals."""
    forms = ("https://www.{}", "http://{}", "www.{}/", "https://{}/about", "{}")
    text = random.choice(forms).format(domain)
    return text.replace(".example", ".Example") if chance(random, 5) else text


def open_account(
    random: Random,
    roster: Roster,
    counter: Counter,
    company: Company,
    at: int,
    possible_parents: list[Company],
) -> None:
    """Gives the company its CRM account at the instant.

    Six of a hundred are subsidiaries of an earlier account; half of those use the parent's
    website, so that their domain is not theirs alone.
    """
    parent = random.choice(possible_parents) if possible_parents and chance(random, 6) else None
    if parent and parent.domain and chance(random, 50):
        company.domain = parent.domain
    owner = pick_owner(random, roster, company.region, at)
    record = Record(
        salesforce_id("account", counter.next("account")),
        at,
        {
            "Name": company.name,
            "Website": _website(random, company.domain) if company.domain else None,
            "ParentId": parent.account_id if parent else None,
            "Industry": random.choice(_INDUSTRIES),
            "Region__c": company.region,
            "OwnerId": owner.id,
            "CurrencyIsoCode": company.currency,
            "MasterRecordId": None,
            "Type": "Prospect",
            "CreatedById": owner.id,
            "CreatedDate": salesforce_time(at),
            "IsDeleted": False,
        },
    )
    for since, person in owner_path(random, roster, company.region, at, owner, None, [])[1:]:
        record.change(since, OwnerId=person.id)
    company.account = record
    company.contacts = [salesforce_id("contact", counter.next("contact")) for _ in range(4)]
