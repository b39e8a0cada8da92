"""The two tenants of the demo company, and the sizes that a world can have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

WORLD_START = date(2023, 7, 1)
WORLD_END = date(2026, 7, 3)
"""First UTC day that is not in the world: its last event is on 2 July 2026."""
ENTRY_RULES_ENFORCED_FROM = date(2026, 6, 5)
"""From this day the entry rules can block. It is 28 days before the world's end, so that every
trailing window of the world's last days holds enforced entries only."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One tenant: its calendar, its money, its sales regions and the manner of its payroll files.

    `tax_percent` is the sales tax on top of net. `foreign_currency` is what `foreign_percent` of
    its deals are made in. `quota` is a seat's monthly quota at scale S in whole units of currency.
    """

    name: str
    display_name: str
    timezone: str
    currency: str
    foreign_currency: str
    foreign_percent: int
    tax_percent: int
    regions: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    family_name_first: bool
    email_domain: str
    quota: int
    payroll_delimiter: str
    payroll_decimal_comma: bool

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


AURORA = Tenant(
    name="aurora",
    display_name="Aurora Instruments",
    timezone="Asia/Shanghai",
    currency="CNY",
    foreign_currency="USD",
    foreign_percent=15,
    tax_percent=6,
    regions=("East China", "North China", "South China"),
    first_names=(
        "Wei", "Min", "Jing", "Lei", "Na", "Tao", "Yan", "Jun", "Fang", "Hao",
        "Xin", "Qiang", "Ling", "Bo", "Mei", "Kai", "Rui", "Dan", "Peng", "Yue",
    ),
    last_names=(
        "Wang", "Li", "Zhang", "Liu", "Chen", "Yang", "Zhao", "Huang", "Zhou", "Wu",
        "Xu", "Sun", "Hu", "Zhu", "Gao", "Lin", "He", "Guo", "Ma", "Luo",
    ),
    family_name_first=True,
    email_domain="aurora.example",
    quota=125_000,
    payroll_delimiter=",",
    payroll_decimal_comma=False,
)  # fmt: skip

BOREALIS = Tenant(
    name="borealis",
    display_name="Borealis Controls",
    timezone="America/New_York",
    currency="USD",
    foreign_currency="USD",
    foreign_percent=0,
    tax_percent=8,
    regions=("Northeast", "West"),
    first_names=(
        "Ava", "Noah", "Mia", "Liam", "Zoe", "Owen", "Ruth", "Evan", "Iris", "Cole",
        "Nora", "Seth", "Lena", "Hugo", "Cora", "Dean", "Elsa", "Ross", "Tess", "Wade",
    ),
    last_names=(
        "Carter", "Nguyen", "Brooks", "Rivera", "Hayes", "Foster", "Diaz", "Reed", "Morgan",
        "Price", "Bennett", "Coleman", "Ortiz", "Ward", "Murphy", "Stone", "Fisher", "Grant",
        "Wells", "Hart",
    ),
    family_name_first=False,
    email_domain="borealis.example",
    quota=18_500,
    payroll_delimiter=";",
    payroll_decimal_comma=True,
)  # fmt: skip

TENANTS = (AURORA, BOREALIS)


@dataclass(frozen=True, slots=True)
class Scale:
    """How large a world is.

    `prospects` are the companies that a region's funnel starts from: a lead, an outbound deal or
    both. `quota_percent` scales quotas to the deals that a seat sees at this size.
    """

    name: str
    seats_per_region: int
    prospects_per_region: int
    quota_percent: int


SCALES = {
    "S": Scale("S", seats_per_region=12, prospects_per_region=2_050, quota_percent=100),
    "tiny": Scale("tiny", seats_per_region=2, prospects_per_region=105, quota_percent=25),
}
