"""Entry rules come from policy: their SQL is read, never trusted.

A predicate may compare columns of the context with constants and with each other. Anything else
(a sub-select, a second statement, a function that is not listed, a column that does not exist) is
refused with the reason. What passes is written out again from its parsed form.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

_ALLOWED: tuple[type[exp.Expression], ...] = (
    exp.And,
    exp.Or,
    exp.Not,
    exp.Paren,
    exp.EQ,
    exp.NEQ,
    exp.GT,
    exp.GTE,
    exp.LT,
    exp.LTE,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
    exp.Is,
    exp.In,
    exp.Between,
    exp.Like,
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.Neg,
    exp.Interval,
    exp.Var,
    exp.Column,
    exp.Identifier,
    exp.Literal,
    exp.Boolean,
    exp.Null,
    exp.Coalesce,
    exp.Nullif,
    exp.Abs,
    exp.Lower,
    exp.Upper,
    exp.Trim,
    exp.Length,
)

_DATES = (
    exp.DataType.Type.DATE,
    exp.DataType.Type.TIMESTAMP,
    exp.DataType.Type.TIMESTAMPNTZ,
)


class PredicateError(ValueError):
    """A predicate that is not a plain condition on the context; the message says what to change."""


def safe_predicate(text: str, columns: Collection[str]) -> str:
    """`text` as a SQL condition over `columns`, written out from its parsed form.

    Raises PredicateError.
    """
    try:
        statements = sqlglot.parse(text, read="duckdb")
    except (ParseError, TokenError) as error:
        said = re.sub(r"<class '[\w.]+\.(\w+)'>", r"\1", str(error).splitlines()[0])
        raise PredicateError(f"not SQL: {said}") from None
    if len(statements) != 1 or statements[0] is None:
        raise PredicateError("write exactly one condition")
    condition = statements[0]
    for node in condition.walk():
        if not isinstance(node, _ALLOWED) and not _is_date(node):
            raise PredicateError(
                f"{node.sql(dialect='duckdb')!r} is not allowed; compare columns of the context, "
                "with coalesce, nullif, abs, lower, upper, trim or length at most"
            )
        if isinstance(node, exp.Column) and (
            node.table or node.name not in columns or node.this.args.get("quoted")
        ):
            raise PredicateError(
                f"{node.sql(dialect='duckdb')!r} is not a column that a rule may read here; "
                f"use {', '.join(sorted(columns))}"
            )
        if isinstance(node, exp.In) and (node.args.get("query") or node.args.get("unnest")):
            raise PredicateError("`in` takes a list of constants, not a query")
    return str(condition.sql(dialect="duckdb", comments=False))


def _is_date(node: exp.Expression) -> bool:
    """Whether the node is part of a constant like ``date '2026-06-30'``."""
    if isinstance(node, exp.DataType):
        return node.this in _DATES
    return isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal)
