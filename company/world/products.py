"""What the tenants sell: one catalogue, as the CRM and as the finance system hold it."""

from __future__ import annotations

from dataclasses import dataclass

from company.world.calendar import midnight_utc, salesforce_time
from company.world.ids import salesforce_id, stripe_id
from company.world.records import Record
from company.world.tenants import WORLD_START

_LISTED_AT = midnight_utc(WORLD_START)


@dataclass(frozen=True, slots=True)
class Product:
    """One product; `number` counts from one and makes its ids in both systems."""

    number: int
    code: str
    family: str
    name: str
    is_sold: bool = True

    @property
    def crm_id(self) -> str:
        return salesforce_id("product", self.number)

    @property
    def finance_id(self) -> str:
        return stripe_id("product", self.number)


CATALOGUE = (
    Product(1, "CTRL-100", "Controllers", "Controller 100"),
    Product(2, "CTRL-200", "Controllers", "Controller 200"),
    Product(3, "SENS-10", "Sensors", "Sensor 10"),
    Product(4, "SENS-20", "Sensors", "Sensor 20"),
    Product(5, "SVC-INST", "Services", "Installation"),
    Product(6, "SVC-CARE", "Services", "Care"),
    Product(7, "CTRL-50", "Controllers", "Controller 50", is_sold=False),
)
SOLD = tuple(product for product in CATALOGUE if product.is_sold)
BY_CODE = {product.code: product for product in CATALOGUE}


def crm_products(seller: str) -> list[Record]:
    """The catalogue as Product2; `seller` is the user who entered it."""
    return [
        Record(
            product.crm_id,
            _LISTED_AT,
            {
                "Name": product.name,
                "ProductCode": product.code,
                "Family": product.family,
                "IsActive": product.is_sold,
                "CreatedById": seller,
                "CreatedDate": salesforce_time(_LISTED_AT),
                "IsDeleted": False,
            },
        )
        for product in CATALOGUE
    ]


def finance_products() -> list[Record]:
    """The catalogue as Stripe's products."""
    return [
        Record(
            product.finance_id,
            _LISTED_AT,
            {
                "object": "product",
                "name": product.name,
                "active": product.is_sold,
                "metadata": {"code": product.code, "family": product.family},
                "livemode": False,
                "created": _LISTED_AT,
                "updated": _LISTED_AT,
            },
        )
        for product in CATALOGUE
    ]
