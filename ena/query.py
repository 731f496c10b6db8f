"""ENA's query language as values: ``&``, ``|``, ``~`` build trees, :func:`render` writes (``spec/ena.md`` §5.1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from ena.records import Field

DATE, NUMBER, TAXONOMY = "date", "number", "taxonomy"


class UnquotableValue(ValueError):
    """ENA documents no escape, so a value that would need one is refused."""


class BadQuery(ValueError):
    """Every fault of a tree at once."""


class Query:
    """A node. ``&`` and ``|`` flatten, ``~~x`` is ``x``."""

    def __and__(self, other: "Query") -> "Query":
        return _join("AND", self, other)

    def __or__(self, other: "Query") -> "Query":
        return _join("OR", self, other)

    def __invert__(self) -> "Query":
        return self.inner if isinstance(self, Not) else Not(self)


@dataclass(frozen=True)
class Clause(Query):
    """One condition: ``text`` is ready to send; ``takes`` are the field types it fits, all if empty."""

    field: str
    text: str
    takes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group(Query):
    word: str
    parts: tuple[Query, ...]


@dataclass(frozen=True)
class Not(Query):
    inner: Query


def _join(word: str, *nodes: Query) -> Group:
    parts: list[Query] = []
    for node in nodes:
        parts += node.parts if isinstance(node, Group) and node.word == word else (node,)
    return Group(word, tuple(parts))


def _quoted(field: str, value: str, *, wildcard: bool = False) -> str:
    forbidden = '"\\' if wildcard else '"\\*'
    if not isinstance(value, str) or not value.isprintable() or any(character in forbidden for character in value):
        raise UnquotableValue(f"{field}: {value!r} cannot be put into a query")
    return f'"{value}"'


def equals(field: str, value: str) -> Query:
    return Clause(field, f"{field}={_quoted(field, value)}", ("text", "controlled value", "boolean", NUMBER, TAXONOMY))


def like(field: str, value: str) -> Query:
    """Match with ``*`` as a wildcard; the only condition that lets one through."""
    return Clause(field, f"{field}={_quoted(field, value, wildcard=True)}", ("text",))


def at_least(field: str, number: float) -> Query:
    return Clause(field, f"{field}>={number}", (NUMBER,))


def on_or_after(field: str, day: date) -> Query:
    return Clause(field, f"{field}>={day.isoformat()}", (DATE,))


def between_dates(field: str, start: date, end: date) -> Query:
    """From ``start`` up to, but without, ``end``: so it is that ENA reads ``>= A AND <= B``."""
    return Clause(field, f"{field}>={start.isoformat()} AND {field}<={end.isoformat()}", (DATE,))


def on_day(field: str, day: date) -> Query:
    """One day as a range, because equality of dates finds nothing in ENA."""
    return between_dates(field, day, day + timedelta(days=1))


def tax_eq(taxon_id: int) -> Query:
    return Clause("tax_id", f"tax_eq({int(taxon_id)})")


def render(query: Query) -> str:
    """Write the tree as ENA reads it: equal trees give equal text."""
    match query:
        case Clause():
            return query.text
        case Not():
            return f"NOT ({render(query.inner)})"
        case Group():
            return f" {query.word} ".join(f"({render(part)})" for part in query.parts)
    raise TypeError(f"not a query: {query!r}")


def check_query(query: Query, fields: Mapping[str, Field]) -> None:
    """Hold a tree against the fields of the result it is meant for.

    :raises BadQuery: names every field that is unknown, not searchable or of another type
    """
    if faults := list(_faults(query, fields)):
        raise BadQuery("; ".join(dict.fromkeys(faults)))


def _faults(query: Query, fields: Mapping[str, Field]) -> Iterable[str]:
    match query:
        case Clause(field=field, takes=takes):
            spec = fields.get(field)
            if spec is None or not spec.searchable:
                yield f"{field}: not a field that can be searched"
            elif takes and spec.type not in takes:
                yield f"{field}: is a {spec.type}, the condition takes {' or '.join(takes)}"
        case Not(inner=inner):
            yield from _faults(inner, fields)
        case Group(parts=parts):
            for part in parts:
                yield from _faults(part, fields)
