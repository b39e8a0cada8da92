"""Which single changes a model can be given, and how a change in its file looks once compiled.

A model's file is SQL with Jinja in it. Changes are found in the SQL outside Jinja, comments and
texts in quotes, so that each is a change of the file somebody could have typed. Macros are left
alone, but for the whole numbers that `dateadd` is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

JINJA = re.compile(r"\{\{(?:\"[^\"]*\"|.)*?\}\}|\{%.*?%\}|\{#.*?#\}", re.S)
OPAQUE = re.compile(rf"{JINJA.pattern}|--[^\n]*|'(?:[^']|'')*'", re.S)
DAYS_ADDED = re.compile(r"dateadd\(\s*'\w+',\s*(\d+),")
FILLER = "\0"
TOKEN = re.compile(rf"[A-Za-z_][\w.]*|\d+(?:\.\d+)?|<=|>=|<>|!=|\|\||[-+*/<>=(),]|{FILLER}+")

COMPARISONS = {">": ">=", ">=": ">", "<": "<=", "<=": "<", "=": "<>", "<>": "=", "!=": "="}
WORDS = {"min": "max", "max": "min", "sum": "max", "least": "greatest", "greatest": "least"}
"""Functions of one signature that are easily taken for each other."""
CLAUSES = {"where", "on", "having", "qualify"}
CLAUSE_ENDS = CLAUSES | {
    "group", "order", "union", "limit", "window", "join", "left", "inner", "full", "cross",
}  # fmt: skip


class AlignmentError(Exception):
    """A model's file cannot be found again in what it compiled to."""


@dataclass(frozen=True, slots=True)
class Edit:
    """`new` in place of the characters from `start` up to `end`."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change to a model's file. `before` and `after` are the text around it, on one line."""

    model: str
    kind: str
    line: int
    before: str
    after: str
    edits: tuple[Edit, ...]

    @property
    def change(self) -> str:
        """How reports and the reviewed list name it."""
        return f"{self.before} -> {self.after}"


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int
    depth: int


def mutations(model: str, sql: str) -> list[Mutation]:
    """Every single change of the model `sql`, in the order of the file."""
    found = []
    for kind, edits in _edits(sql):
        start, end = edits[0].start, edits[-1].end
        first = sql.rfind("\n", 0, start) + 1
        last = sql.find("\n", end)
        last = len(sql) if last < 0 else last
        changed = apply(sql, edits)
        found.append(
            Mutation(
                model=model,
                kind=kind,
                line=sql.count("\n", 0, start) + 1,
                before=_one_line(sql[first:last]),
                after=_one_line(changed[first : last + len(changed) - len(sql)]),
                edits=edits,
            )
        )
    return sorted(found, key=lambda mutation: (mutation.edits[0].start, mutation.kind))


def apply(text: str, edits: tuple[Edit, ...]) -> str:
    """`text` with the edits made."""
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.new + text[edit.end :]
    return text


def compiled_mutation(mutation: Mutation, sql: str, compiled: str) -> str:
    """What the changed file would compile to, given what the file compiles to.

    The text between two Jinja expressions is the same in both, in the same order. Raises
    AlignmentError when it is not, or when a number given to a macro is not once in its result.
    """
    pieces = _aligned(sql, compiled)
    return apply(
        compiled,
        tuple(
            Edit(*_place(edit.start, edit.end, sql, compiled, pieces), edit.new)
            for edit in mutation.edits
        ),
    )


def _aligned(sql: str, compiled: str) -> list[tuple[int, int, int, int]]:
    """Start and end in the file, start and end when compiled, of each text outside Jinja."""
    bounds = []
    start = 0
    for match in JINJA.finditer(sql):
        bounds.append((start, match.start()))
        start = match.end()
    bounds.append((start, len(sql.rstrip())))
    pattern = "(.*?)".join(f"({re.escape(sql[start:end])})" for start, end in bounds)
    whole = re.fullmatch(pattern + r"\s*", compiled, re.S)
    if whole is None:
        raise AlignmentError("the text between Jinja expressions is not in the compiled model")
    return [(*bound, *whole.span(2 * index + 1)) for index, bound in enumerate(bounds)]


def _place(
    start: int, end: int, sql: str, compiled: str, pieces: list[tuple[int, int, int, int]]
) -> tuple[int, int]:
    """Where the file's characters from `start` up to `end` are in the compiled model."""
    starts = [c_start + start - r_start for r_start, r_end, c_start, _ in pieces
              if r_start <= start <= r_end]  # fmt: skip
    ends = [c_start + end - r_start for r_start, r_end, c_start, _ in pieces
            if r_start <= end <= r_end]  # fmt: skip
    if starts and ends:
        return starts[0], ends[-1]
    before = max(piece for piece in pieces if piece[1] <= start)
    after = min(piece for piece in pieces if piece[0] >= end)
    number = re.compile(rf"(?<![\w.]){re.escape(sql[start:end])}(?![\w.])")
    found = list(number.finditer(compiled, before[3], after[2]))
    if len(found) != 1:
        raise AlignmentError(f"{sql[start:end]} is {len(found)} times in what its macro gives")
    return found[0].span()


def _edits(sql: str) -> Iterator[tuple[str, tuple[Edit, ...]]]:
    tokens = _tokens(sql)
    for index, token in enumerate(tokens):
        word = token.text.lower()
        following = tokens[index + 1].text.lower() if index + 1 < len(tokens) else ""
        previous = tokens[index - 1].text.lower() if index else ""
        if word in COMPARISONS:
            yield "comparison", (_replace(token, COMPARISONS[word]),)
        elif word in ("left", "inner") and following == "join":
            yield "join", (_replace(token, "inner" if word == "left" else "left"),)
        elif word in WORDS and following == "(":
            yield "function", (_replace(token, WORDS[word]),)
        elif word in "+-":
            yield "sign", (_replace(token, "-" if word == "+" else "+"),)
        elif word in ("and", "or") and not _is_range(tokens, index):
            yield "and/or", (_replace(token, "or" if word == "and" else "and"),)
        elif word == "not":
            yield "not", (_remove(token, tokens[index + 1]),)
        elif word == "null" and previous == "is":
            yield "not", (_replace(token, "not null"),)
        elif word == "distinct" and previous not in ("is", "not"):
            yield "distinct", (_remove(token, tokens[index + 1]),)
        elif word == "coalesce" and following == "(":
            yield "coalesce", _without_default(tokens, index)
        elif word == "over" and following == "(":
            for edit in _flipped(tokens, index):
                yield "window order", (edit,)
        elif word in CLAUSES:
            for start, end in _conjuncts(tokens, index):
                if sql[start:end] != "true":
                    yield "condition", (Edit(start, end, "true"),)
        elif word[0].isdigit() and not _in_type(tokens, index) and not _is_counted(tokens, index):
            yield "number", (_replace(token, _moved(word)),)
    for match in DAYS_ADDED.finditer(sql):
        yield "number", (Edit(*match.span(1), _moved(match.group(1))),)


def _tokens(sql: str) -> list[_Token]:
    masked = OPAQUE.sub(lambda match: FILLER * len(match.group()), sql)
    tokens = []
    depth = 0
    for match in TOKEN.finditer(masked):
        if _is_comment(sql, match):
            continue
        if match.group() == ")":
            depth -= 1
        tokens.append(_Token(match.group(), match.start(), match.end(), depth))
        if match.group() == "(":
            depth += 1
    return tokens


def _is_comment(sql: str, match: re.Match[str]) -> bool:
    return match.group()[0] == FILLER and sql.startswith(("--", "{#"), match.start())


def _replace(token: _Token, new: str) -> Edit:
    return Edit(token.start, token.end, new)


def _remove(token: _Token, following: _Token) -> Edit:
    return Edit(token.start, following.start, "")


def _moved(number: str) -> str:
    """One more in its last digit."""
    if "." not in number:
        return str(int(number) + 1)
    whole, digits = number.split(".")
    moved = str(int(whole + digits) + 1).zfill(len(digits) + 1)
    return f"{moved[: -len(digits)]}.{moved[-len(digits) :]}"


def _in_type(tokens: list[_Token], index: int) -> bool:
    """Is the number part of a type, as in ``decimal(18, 2)``?"""
    depth = tokens[index].depth
    for token in reversed(tokens[:index]):
        if token.depth < depth and token.text not in ("(", ")"):
            return token.text.lower() in ("decimal", "numeric", "varchar")
    return False


def _is_counted(tokens: list[_Token], index: int) -> bool:
    """Is it the 1 of ``count(case when ... then 1 end)``, where any number does?"""
    depth = tokens[index].depth
    if tokens[index - 1].text.lower() != "then":
        return False
    around = [place for place in range(index) if tokens[place].depth < depth]
    return tokens[around[-1] - 1].text.lower() == "count" if len(around) > 1 else False


def _is_range(tokens: list[_Token], index: int) -> bool:
    """Does the ``and`` belong to a ``between``?"""
    depth = tokens[index].depth
    for token in reversed(tokens[:index]):
        word = token.text.lower()
        if token.depth < depth or (token.depth == depth and word in ("and", "or", *CLAUSES)):
            return False
        if token.depth == depth and word == "between":
            return True
    return False


def _closing(tokens: list[_Token], opening: int) -> int:
    """Index of the bracket that closes the one at `opening`."""
    return next(
        index
        for index in range(opening + 1, len(tokens))
        if tokens[index].text == ")" and tokens[index].depth == tokens[opening].depth
    )


def _without_default(tokens: list[_Token], index: int) -> tuple[Edit, ...]:
    """``coalesce(x, y)`` becomes ``(x)``."""
    close = _closing(tokens, index + 1)
    comma = next(
        token
        for token in tokens[index + 2 : close]
        if token.text == "," and token.depth == tokens[index].depth + 1
    )
    return (
        _replace(tokens[index], ""),
        Edit(comma.start, tokens[close].start, ""),
    )


def _flipped(tokens: list[_Token], index: int) -> Iterator[Edit]:
    """Each term of a window's order, the other way round."""
    close = _closing(tokens, index + 1)
    inside = tokens[index + 2 : close]
    depth = tokens[index].depth + 1
    orders = [
        place
        for place, token in enumerate(inside)
        if token.text.lower() == "order" and token.depth == depth
    ]
    if not orders:
        return
    term: list[_Token] = []
    for token in [*inside[orders[0] + 2 :], tokens[close]]:
        word = token.text.lower()
        ends = token is tokens[close] or (token.depth == depth and word in (",", "rows", "range"))
        if not ends:
            term.append(token)
            continue
        if term:
            yield _flipped_term(term)
        term = []
        if word in ("rows", "range"):
            return


def _flipped_term(term: list[_Token]) -> Edit:
    for token in term:
        if token.text.lower() in ("asc", "desc"):
            return _replace(token, "desc" if token.text.lower() == "asc" else "asc")
    expression = [token for token in term if token.text.lower() not in ("nulls", "first", "last")]
    return Edit(expression[-1].end, expression[-1].end, " desc")


def _conjuncts(tokens: list[_Token], index: int) -> Iterator[tuple[int, int]]:
    """Start and end of each condition of a clause; one that is joined by ``or`` is one."""
    depth = tokens[index].depth
    body = []
    for token in tokens[index + 1 :]:
        if token.depth < depth or (token.depth == depth and token.text.lower() in CLAUSE_ENDS):
            break
        if token.depth == depth and token.text == ",":  # the next common table expression
            break
        body.append(token)
    if any(token.depth == depth and token.text.lower() == "or" for token in body):
        yield body[0].start, body[-1].end
        return
    part: list[_Token] = []
    for place, token in enumerate(body):
        joins = token.depth == depth and token.text.lower() == "and" and not _is_range(body, place)
        if joins and part:
            yield part[0].start, part[-1].end
            part = []
        elif not joins:
            part.append(token)
    if part:
        yield part[0].start, part[-1].end


def _one_line(text: str) -> str:
    return " ".join(text.split())
