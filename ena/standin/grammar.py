"""The portal's query language, as far as the stand-in speaks it (``spec/ena.md`` §2.2 and §12.2).

``parse`` turns a query into a predicate over rows. An empty cell satisfies no comparison, so ``NOT``
is the exact complement. Dates behave as seen in the portal: equality finds nothing, ``<=`` means ``<``.
"""

import re
from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt
from typing import NamedTuple

from ena.standin.dataset import Column

Row = Mapping[str, str]
Predicate = Callable[[Row], bool]

TOKEN = re.compile(r'\s*(?:(?P<quoted>"[^"]*")|(?P<op>>=|<=|=|>|<)|(?P<mark>[()])|(?P<word>[^\s()"=<>]+))')


class QueryError(ValueError):
    """The query cannot be read; the text says where."""


class UnknownSearchField(QueryError):
    """Carries the field's name: ``/search`` and ``/count`` word this differently."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Token(NamedTuple):
    kind: str
    text: str
    place: int


def parse(text: str, columns: Mapping[str, Column]) -> Predicate:
    """A predicate for a query; the empty query admits every row.

    :param columns: the searchable fields by name
    :raises UnknownSearchField: a field is not among ``columns``
    :raises ValueError: anything outside the subset
    """
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if not text:
        return lambda _row: True
    return _Parser(_tokens(text), columns).whole()


def _tokens(text: str) -> list[Token]:
    tokens, place = [], 0
    while text[place:].strip():
        match = TOKEN.match(text, place)
        if match is None:
            raise QueryError(f"Unreadable query at character {place + 1}: {text[place : place + 20]!r}")
        kind = str(match.lastgroup)
        tokens.append(Token(kind, match[kind].strip('"'), match.start(kind)))
        place = match.end()
    return [*tokens, Token("end", "", len(text))]


class _Parser:
    """Recursive descent; one method a rule, ``OR`` loosest."""

    def __init__(self, tokens: list[Token], columns: Mapping[str, Column]) -> None:
        self.tokens, self.columns, self.next = tokens, columns, 0

    def whole(self) -> Predicate:
        predicate = self.either()
        self.expect("end")
        return predicate

    def either(self) -> Predicate:
        parts = [self.both()]
        while self.accept("word", "OR"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else lambda row: any(part(row) for part in parts)

    def both(self) -> Predicate:
        parts = [self.negation()]
        while self.accept("word", "AND"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else lambda row: all(part(row) for part in parts)

    def negation(self) -> Predicate:
        if self.accept("word", "NOT"):
            inner = self.negation()
            return lambda row: not inner(row)
        if self.accept("mark", "("):
            inner = self.either()
            self.expect("mark", ")")
            return inner
        return self.clause()

    def clause(self) -> Predicate:
        name = self.expect("word").text
        if name == "tax_eq":
            self.expect("mark", "(")
            taxon = self.value()
            self.expect("mark", ")")
            return lambda row: row.get("tax_id") == taxon
        operator = self.expect("op")
        value = self.value()
        column = self.columns.get(name)
        if column is None:
            raise UnknownSearchField(name)
        if operator.text == "=":
            return _equals(column, value)
        if column.type == "date":
            return _date(column.source, operator.text, value)
        if column.type == "number":
            return _number(column.source, operator.text, value)
        raise QueryError(f"{operator.text} at character {operator.place + 1} needs a date or a number, not {name}")

    def value(self) -> str:
        return self.expect("quoted" if self.tokens[self.next].kind == "quoted" else "word").text

    def accept(self, kind: str, text: str) -> bool:
        token = self.tokens[self.next]
        found = token.kind == kind and token.text.upper() == text
        self.next += found
        return found

    def expect(self, kind: str, text: str = "") -> Token:
        token = self.tokens[self.next]
        if token.kind != kind or (text and token.text != text):
            raise QueryError(f"Expected {text or kind} at character {token.place + 1}, found {token.text!r}")
        self.next += 1
        return token


def _equals(column: Column, value: str) -> Predicate:
    source = column.source
    if column.type == "date":
        return lambda _row: False
    if "*" not in value:
        return lambda row: bool(value) and (row.get(source) == value or value in row.get(source, "").split(";"))
    pattern = re.compile(".*".join(map(re.escape, value.split("*"))), re.DOTALL)
    return lambda row: any(item and pattern.fullmatch(item) for item in row.get(source, "").split(";"))


def _date(source: str, comparison: str, day: str) -> Predicate:
    compare = {">=": ge, ">": gt, "<=": lt, "<": lt}[comparison]
    return lambda row: bool(row.get(source)) and compare(row[source], day)


def _number(source: str, comparison: str, text: str) -> Predicate:
    compare, bound = {">=": ge, ">": gt, "<=": le, "<": lt}[comparison], float(text)

    def holds(row: Row) -> bool:
        try:
            return compare(float(row.get(source, "")), bound)
        except ValueError:  # a cell without a number satisfies no comparison
            return False

    return holds
