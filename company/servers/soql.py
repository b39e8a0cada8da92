"""The part of SOQL that the Salesforce server understands: one object, AND, ORDER BY, LIMIT."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

LiteralKind = Literal["string", "number", "boolean", "null", "date", "datetime"]


class MalformedQueryError(ValueError):
    """The text is not a query of the supported subset; the message names the place."""


@dataclass(frozen=True, slots=True)
class Value:
    """A literal as written: `text` is without quotes and with escapes undone."""

    kind: LiteralKind
    text: str


@dataclass(frozen=True, slots=True)
class Condition:
    """`field operator value`; operators are =, !=, <, <=, >, >=."""

    field: str
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Ordering:
    """One term of ORDER BY."""

    field: str
    descending: bool = False
    nulls_last: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query. Names are as written; SOQL does not care about their case."""

    fields: tuple[str, ...]
    object: str
    conditions: tuple[Condition, ...] = ()
    order: tuple[Ordering, ...] = ()
    limit: int | None = None


# Longest first: a date-time begins like a date, and a date like a number.
_TOKEN = re.compile(
    r"""
    (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    | (?P<date>\d{4}-\d\d-\d\d)
    | (?P<number>[+-]?\d+(?:\.\d+)?)
    | (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<name>[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*)
    | (?P<operator><=|>=|!=|<>|=|<|>)
    | (?P<comma>,)
    """,
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


class _Reader:
    """Tokens with one place of look-ahead."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.place = 0

    def peek(self) -> _Token:
        return self.tokens[self.place]

    def take(self, kind: str, what: str) -> _Token:
        token = self.peek()
        if token.kind != kind:
            raise MalformedQueryError(_unexpected(token, what))
        self.place += 1
        return token

    def word(self, *words: str) -> str:
        """Takes one of `words` (lower case) when it comes next; else takes nothing, gives ''."""
        token = self.peek()
        if token.kind == "name" and token.text.lower() in words:
            self.place += 1
            return token.text.lower()
        return ""

    def expect(self, word: str) -> None:
        if not self.word(word):
            raise MalformedQueryError(_unexpected(self.peek(), word.upper()))

    def comma(self) -> bool:
        if self.peek().kind == "comma":
            self.place += 1
            return True
        return False


def parse(text: str) -> Query:
    """The query in `text`. Raises MalformedQueryError."""
    reader = _Reader(text)
    reader.expect("select")
    fields = [reader.take("name", "a field").text]
    while reader.comma():
        fields.append(reader.take("name", "a field").text)
    reader.expect("from")
    object_name = reader.take("name", "an object").text
    conditions: list[Condition] = []
    if reader.word("where"):
        conditions.append(_condition(reader))
        while reader.word("and"):
            conditions.append(_condition(reader))
    order: list[Ordering] = []
    if reader.word("order"):
        reader.expect("by")
        order.append(_ordering(reader))
        while reader.comma():
            order.append(_ordering(reader))
    limit = int(reader.take("number", "a number").text) if reader.word("limit") else None
    reader.take("end", "the end")
    return Query(tuple(fields), object_name, tuple(conditions), tuple(order), limit)


def _condition(reader: _Reader) -> Condition:
    field = reader.take("name", "a field").text
    operator = reader.take("operator", "an operator").text
    return Condition(field, "!=" if operator == "<>" else operator, _value(reader))


def _value(reader: _Reader) -> Value:
    token = reader.peek()
    match token.kind:
        case "string":
            value = Value("string", _unquoted(token.text))
        case "number":
            value = Value("number", token.text)
        case "date":
            value = Value("date", token.text)
        case "datetime":
            value = Value("datetime", token.text)
        case "name" if token.text.lower() in ("true", "false"):
            value = Value("boolean", token.text.lower())
        case "name" if token.text.lower() == "null":
            value = Value("null", "null")
        case _:
            raise MalformedQueryError(_unexpected(token, "a value"))
    reader.place += 1
    return value


def _ordering(reader: _Reader) -> Ordering:
    field = reader.take("name", "a field").text
    descending = reader.word("asc", "desc") == "desc"
    nulls_last = False
    if reader.word("nulls"):
        place = reader.word("first", "last")
        if not place:
            raise MalformedQueryError(_unexpected(reader.peek(), "FIRST or LAST"))
        nulls_last = place == "last"
    return Ordering(field, descending, nulls_last)


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise MalformedQueryError(f"unexpected token: '{text[place]}' at column {place + 1}")
        tokens.append(_Token(match.lastgroup, match.group(), place + 1))
        place = match.end()
    return [*tokens, _Token("end", "<EOF>", len(text) + 1)]


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text[1:-1])


def _unexpected(token: _Token, expected: str) -> str:
    return f"unexpected token: '{token.text}' at column {token.column}, expecting {expected}"
