"""What the tenants sell: one catalogue, as the CRM and as the finance system hold it."""

from __future__ import annotations

from dataclasses import dataclass

from company.world.ids import stripe_id


@dataclass(frozen=True, slots=True)
class Product:
    """One product; `number` counts from one and makes its ids in both systems."""

    number: int
    code: str
    family: str
    name: str

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
)
BY_CODE = {product.code: product for product in CATALOGUE}
