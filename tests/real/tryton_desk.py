"""What people do at their desks in Tryton, through its own API."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from scripts.real.tryton_rpc import TrytonRpc

COMMISSION_PAYABLE = "2150"


class Desk:
    """Sales and bookkeeping of the prepared company; documents are dated `today`."""

    def __init__(self, rpc: TrytonRpc, today: date) -> None:
        self.rpc, self.today = rpc, today
        rpc.context = rpc.call("model.res.user.get_preferences", True)
        self.company = rpc.context["company"]
        self.currency = rpc.find("currency.currency", ["code", "=", "USD"])
        self.product = rpc.find("product.product", ["code", "=", "ARM1"])
        self.unit = rpc.find("product.uom", ["name", "=", "Unit"])
        self.term = rpc.find("account.invoice.payment_term", ["name", "=", "Direct"])
        self.bank = rpc.find("account.invoice.payment.method", ["name", "=", "Bank transfer"])

    def hire(self, name: str) -> int:
        (party,) = self.rpc.create("party.party", {"name": name})
        row = {"party": party, "company": self.company, "start_date": self.today}
        return self.rpc.create("company.employee", row)[0]

    def customer(self, name: str, website: str = "") -> int:
        contacts = []
        if website:
            host = website.rpartition("www.")[2]
            values = {"website": website, "email": f"office@{host}", "phone": "+1 555 0100"}
            rows = [{"type": kind, "value": value} for kind, value in values.items()]
            contacts = [["create", rows]]
        return self.rpc.create(
            "party.party",
            {"name": name, "addresses": [["create", [{}]]], "contact_mechanisms": contacts},
        )[0]

    def deal(self, party: int, employee: int, amount: str) -> int:
        return self.rpc.create(
            "sale.opportunity",
            {
                "party": party,
                "employee": employee,
                "company": self.company,
                "currency": self.currency,
                "amount": Decimal(amount),
                "start_date": self.today,
                "description": f"Arms for {party}",
                "lines": [
                    ["create", [{"product": self.product, "quantity": 2.0, "unit": self.unit}]]
                ],
            },
        )[0]

    def press(self, model: str, button: str, record: int) -> Any:
        return self.rpc.call(f"model.{model}.{button}", [record])

    def lose(self, deal: int, reason: str) -> None:
        self.rpc.write("sale.opportunity", [deal], {"lost_reason": reason})
        self.press("sale.opportunity", "lost", deal)

    def drop(self, deal: int) -> None:
        """Deletes a deal for good; Tryton wants it cancelled first."""
        self.press("sale.opportunity", "cancel", deal)
        self.rpc.delete("sale.opportunity", [deal])

    def sell(self, deal: int) -> int:
        """Converts a deal, gives the sale its price and confirms it; returns its invoice."""
        self.press("sale.opportunity", "convert", deal)
        sale = self.rpc.find("sale.sale", ["origin", "=", f"sale.opportunity,{deal}"])
        (row,) = self.rpc.read("sale.sale", ["party", "lines"], ["id", "=", sale])
        address = self.rpc.find("party.address", ["party", "=", row["party"]])
        self.rpc.write(
            "sale.sale",
            [sale],
            {
                "payment_term": self.term,
                "invoice_address": address,
                "shipment_address": address,
                "sale_date": self.today,
            },
        )
        self.rpc.write("sale.line", row["lines"], {"unit_price": Decimal("100.0000")})
        for button in ("quote", "confirm", "process"):
            self.press("sale.sale", button, sale)
        return self.rpc.find("account.invoice", ["sales", "=", sale])

    def invoice(self, party: int, unit_price: str, quantity: float = 1.0) -> int:
        address = self.rpc.find("party.address", ["party", "=", party])
        receivable = self.rpc.find(
            "account.account", ["name", "=", "Accounts, Notes And Loans Receivable"]
        )
        revenue = self.rpc.find("account.account", ["name", "=", "Products"])
        journal = self.rpc.find("account.journal", ["type", "=", "revenue"])
        line = {
            "type": "line",
            "invoice_type": "out",
            "account": revenue,
            "quantity": quantity,
            "unit_price": Decimal(unit_price),
            "description": "Service",
            "currency": self.currency,
            "company": self.company,
        }
        return self.rpc.create(
            "account.invoice",
            {
                "type": "out",
                "company": self.company,
                "party": party,
                "invoice_address": address,
                "account": receivable,
                "journal": journal,
                "currency": self.currency,
                "payment_term": self.term,
                "lines": [["create", [line]]],
            },
        )[0]

    def post(self, invoice: int) -> None:
        self.rpc.write("account.invoice", [invoice], {"invoice_date": self.today})
        self.press("account.invoice", "post", invoice)

    def pay(self, invoice: int, amount: str) -> None:
        """Cash of `amount`; negative gives back what a credit note owes."""
        (row,) = self.rpc.read("account.invoice", ["party", "account"], ["id", "=", invoice])
        start = {
            "payee": row["party"],
            "payees": [row["party"]],
            "amount": Decimal(amount),
            "currency": self.currency,
            "company": self.company,
            "invoice_account": row["account"],
            "payment_method": self.bank,
            "date": self.today,
        }
        ask = {"type": "partial", "lines": [], "lines_to_pay": [], "payment_lines": []}
        with self._on("account.invoice", invoice):
            session, _, _ = self.rpc.call("wizard.account.invoice.pay.create")
            execute = "wizard.account.invoice.pay.execute"
            found = self.rpc.call(execute, session, {"start": start}, "choice")
            if found.get("view"):
                shown = found["view"]["defaults"]
                ask = {
                    **ask,
                    **{k: v for k, v in shown.items() if not k.endswith(".")},
                    "type": "partial",
                }
                self.rpc.call(execute, session, {"start": start, "ask": ask}, "pay")
            self.rpc.call("wizard.account.invoice.pay.delete", session)

    def credit(self, invoice: int, with_refund: bool) -> int:
        """A credit note of the whole invoice; with refund it cancels the invoice, without cash."""
        start = {
            "with_refund": with_refund,
            "with_refund_allowed": True,
            "invoice_date": self.today,
        }
        before = self.rpc.call("model.account.invoice.search", [], 0, None, None)
        with self._on("account.invoice", invoice):
            self.rpc.wizard("account.invoice.credit", ("credit", {"start": start}))
        after = self.rpc.call("model.account.invoice.search", [], 0, None, None)
        (made,) = set(after) - set(before)
        return int(made)

    def owe_commission(self, party: int, amount: str) -> None:
        """Posts a journal entry that owes somebody commission."""
        expense = self.rpc.find("account.account", ["code", "=", "5.2.2"])
        payable = self.rpc.find("account.account", ["code", "=", COMMISSION_PAYABLE])
        owed = {"account": payable, "party": party, "debit": Decimal(0), "credit": Decimal(amount)}
        entry = {
            "company": self.company,
            "journal": self._first("account.journal", ["type", "=", "general"]),
            "period": self._first(
                "account.period", ["start_date", "<=", self.today], ["end_date", ">=", self.today]
            ),
            "date": self.today,
            "lines": [
                [
                    "create",
                    [{"account": expense, "debit": Decimal(amount), "credit": Decimal(0)}, owed],
                ]
            ],
        }
        (move,) = self.rpc.create("account.move", entry)
        self.press("account.move", "post", move)

    def _first(self, model: str, *domain: Any) -> int:
        """The oldest row that matches."""
        return int(self.rpc.call(f"model.{model}.search", list(domain), 0, 1, [["id", "ASC"]])[0])

    def remit(self, party: int, amount: str) -> int:
        """A payment order to collect `amount`."""
        journal = self.rpc.find("account.payment.journal", ["name", "=", "Bank"])
        return self.rpc.create(
            "account.payment",
            {
                "company": self.company,
                "journal": journal,
                "kind": "receivable",
                "party": party,
                "date": self.today,
                "amount": Decimal(amount),
            },
        )[0]

    def _on(self, model: str, record: int) -> Any:
        return _Active(
            self.rpc, {"active_model": model, "active_id": record, "active_ids": [record]}
        )


class _Active:
    """The records that a wizard is opened on."""

    def __init__(self, rpc: TrytonRpc, active: dict[str, Any]) -> None:
        self._rpc, self._active, self._before = rpc, active, rpc.context

    def __enter__(self) -> None:
        self._rpc.context = {**self._before, **self._active}

    def __exit__(self, *_: object) -> None:
        self._rpc.context = self._before
