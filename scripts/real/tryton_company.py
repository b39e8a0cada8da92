"""The company that every test starts from: accounts, fiscal years, journals, a product."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from scripts.real.tryton_rpc import TrytonRpc

FIRST_YEAR, LAST_YEAR = 2024, 2030


def set_up_company(rpc: TrytonRpc) -> None:
    """Makes one company in US dollars that can sell, invoice, be paid and owe commission."""
    (party,) = rpc.create("party.party", {"name": "Northwind Robotics"})
    (currency,) = rpc.create(
        "currency.currency",
        {
            "name": "US dollar",
            "symbol": "$",
            "code": "USD",
            "numeric_code": "840",
            "rounding": Decimal("0.01"),
            "digits": 2,
        },
    )
    rpc.create(
        "currency.currency.rate",
        {"currency": currency, "date": date(FIRST_YEAR, 1, 1), "rate": Decimal(1)},
    )
    (company,) = rpc.create("company.company", {"party": party, "currency": currency})
    user = rpc.find("res.user", ["login", "=", "admin"])
    rpc.write("res.user", [user], {"companies": [["add", [company]]], "company": company})
    rpc.context = rpc.call("model.res.user.get_preferences", True)
    _accounts(rpc, company)
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        _fiscal_year(rpc, company, year)
    _product(rpc)
    _payments(rpc, company, currency)


def _accounts(rpc: TrytonRpc, company: int) -> None:
    template = rpc.call("model.ir.model.data.get_id", "account", "account_template_root_en")
    chart = {"company": company, "account_template": template}
    rpc.wizard("account.create_chart", ("account", {}), ("create_account", {"account": chart}))
    receivable = rpc.find("account.account", ["name", "=", "Accounts, Notes And Loans Receivable"])
    payable = rpc.find("account.account", ["name", "=", "Trade Payables"])
    properties = {
        "company": company,
        "account_receivable": receivable,
        "account_payable": payable,
    }
    rpc.wizard(
        "account.create_chart",
        ("account", {}),
        ("create_properties", {"account": chart, "properties": properties}),
    )
    liability = rpc.read("account.account", ["type"], ["id", "=", payable])[0]["type"]
    rpc.create(
        "account.account",
        {
            "name": "Commission payable",
            "code": "2150",
            "company": company,
            "type": liability,
            "party_required": True,
            "reconcile": True,
        },
    )


def _fiscal_year(rpc: TrytonRpc, company: int, year: int) -> None:
    def sequence(kind: str) -> int:
        sequence_type = rpc.find("ir.sequence.type", ["name", "=", kind])
        (made,) = rpc.create(
            "ir.sequence.strict",
            {"name": f"{kind} {year}", "sequence_type": sequence_type, "company": company},
        )
        return made

    invoices = sequence("Invoice")
    (fiscal_year,) = rpc.create(
        "account.fiscalyear",
        {
            "name": str(year),
            "company": company,
            "start_date": date(year, 1, 1),
            "end_date": date(year, 12, 31),
            "move_sequence": sequence("Account Move"),
            "invoice_sequences": [
                [
                    "create",
                    [
                        {
                            "company": company,
                            "out_invoice_sequence": invoices,
                            "in_invoice_sequence": invoices,
                            "out_credit_note_sequence": invoices,
                            "in_credit_note_sequence": invoices,
                        }
                    ],
                ]
            ],
        },
    )
    rpc.call("model.account.fiscalyear.create_period", [fiscal_year])


def _product(rpc: TrytonRpc) -> None:
    revenue = rpc.find("account.account", ["name", "=", "Products"])
    expense = rpc.find("account.account", ["name", "=", "Cost Of Sales"])
    (category,) = rpc.create(
        "product.category",
        {
            "name": "Platform",
            "accounting": True,
            "account_revenue": revenue,
            "account_expense": expense,
        },
    )
    unit = rpc.find("product.uom", ["name", "=", "Unit"])
    rpc.create(
        "product.template",
        {
            "name": "Robot arm",
            "code": "ARM",
            "type": "service",
            "default_uom": unit,
            "salable": True,
            "sale_uom": unit,
            "list_price": Decimal("100.00"),
            "account_category": category,
            "products": [["create", [{"suffix_code": "1"}]]],
        },
    )


def _payments(rpc: TrytonRpc, company: int, currency: int) -> None:
    rpc.create(
        "account.invoice.payment_term",
        {"name": "Direct", "lines": [["create", [{"type": "remainder"}]]]},
    )
    cash = rpc.find("account.journal", ["type", "=", "cash"])
    account = rpc.find("account.account", ["name", "=", "Cash and Cash Equivalents"])
    rpc.create(
        "account.invoice.payment.method",
        {
            "name": "Bank transfer",
            "company": company,
            "journal": cash,
            "credit_account": account,
            "debit_account": account,
        },
    )
    rpc.create(
        "account.payment.journal",
        {"name": "Bank", "currency": currency, "company": company, "process_method": "manual"},
    )
