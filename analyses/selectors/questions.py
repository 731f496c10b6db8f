"""Questions that are put together once and asked many times.

For a page of a list Django takes longer to write the SQL than Postgres to answer it; and where many tables meet,
Postgres takes longer to plan than to read.
"""

import hashlib
from collections.abc import Callable, MutableMapping
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection
from django.db.models import Expression, QuerySet
from psycopg2.extensions import AsIs

PLANNED_FROM, MOST_PLANNED = 5, 256  # times that a question is asked; questions a connection
_planned: MutableMapping[Any, set[str]] = WeakKeyDictionary()  # connection of psycopg2 → names of its statements


class Slot(Expression):
    """Stands in a queryset for a value that comes when the question is asked."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:  # noqa: ARG002 (Django's signature)
        return "%s", [self]


class Question:
    """SQL whose parameters are values, or slots for them."""

    def __init__(self, sql: str, params: tuple[Any, ...]) -> None:
        self.sql, self.params, self.asked = sql, params, 0
        self.slots = list(dict.fromkeys(param.name for param in params if isinstance(param, Slot)))
        self.name = f"q{hashlib.blake2b(repr((sql, self.values({}))).encode(), digest_size=16).hexdigest()}"

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Question) and self.name == other.name

    def values(self, given: dict[str, Any]) -> list[Any]:
        return [given.get(one.name, one.name) if isinstance(one, Slot) else one for one in self.params]

    def ask(self, given: dict[str, Any], *, offset: int = 0) -> list[tuple[Any, ...]]:
        """The rows. What is asked again and again from the beginning is planned once a connection."""
        self.asked += 1
        with connection.cursor() as cursor:
            if offset or self.asked < PLANNED_FROM:
                cursor.execute(f"{self.sql} OFFSET {offset:d}" if offset else self.sql, self.values(given))
            else:
                self._plan(cursor)
                marks = f"({', '.join(['%s'] * len(self.slots))})" if self.slots else ""
                cursor.execute(f"EXECUTE {self.name}{marks}", [given[name] for name in self.slots])
            return cursor.fetchall()

    def _plan(self, cursor: Any) -> None:
        planned = _planned.setdefault(cursor.connection, set())
        if self.name in planned:
            return
        if len(planned) >= MOST_PLANNED:
            cursor.execute("DEALLOCATE ALL")
            planned.clear()
        places = {name: AsIs(f"${place}") for place, name in enumerate(self.slots, 1)}
        cursor.execute(b"PREPARE %s AS %s" % (self.name.encode(), cursor.mogrify(self.sql, self.values(places))))
        planned.add(self.name)


class Rows:
    """What ``find`` gives. Numbers and texts among its arguments are put into slots; all others make the SQL.

    Who asks is no text: what one actor is answered is never made of what was put together for another.
    """

    def __init__(self, find: Callable[..., QuerySet], **arguments: Any) -> None:
        self.find, self.arguments = find, arguments
        self.given = {name: value for name, value in arguments.items() if type(value) in {int, str}}
        self.key = (find, *((name, Slot if name in self.given else arguments[name]) for name in arguments))

    def queryset(self) -> QuerySet:
        return self.find(**self.arguments)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rows) and self.key == other.key

    def with_slots(self) -> QuerySet:
        slots = {name: Slot(name) for name in self.given}
        return self.find(**(self.arguments | slots))


def first_of(rows: Rows, *columns: str) -> tuple[Any, ...] | None:
    """Columns of the one row."""
    return next(iter(_columns(rows, columns).ask(rows.given)), None)


@lru_cache(maxsize=512)
def _columns(rows: Rows, columns: tuple[str, ...]) -> Question:
    return question_of(rows.with_slots().values_list(*columns))


@lru_cache(maxsize=512)
def ids_of(rows: Rows) -> Question:
    return question_of(rows.with_slots().order_by().values("pk"))


def question_of(rows: QuerySet) -> Question:
    return Question(*rows.query.sql_with_params())
