"""JSON that Postgres writes: a page of a list is never built as objects here and then as text again.

What is nested is a sub-select of its own, run for the rows of the page alone: a join of eight tables takes ten times
longer to be planned than to be read.
"""

from functools import lru_cache
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Case, F, Func, JSONField, Model, QuerySet, Subquery, TextChoices, TextField, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Concat


class Shape(dict[str, Any]):
    """Member → expression, in the order of the schema. Expressions know the row alone, and reach others by sub-selects.

    Told apart by identity: one is made once and used again.
    """

    __hash__ = object.__hash__  # type: ignore[assignment]  # a dict has none


class Object(Func):
    """A shape as a row, which Postgres writes faster, and shorter, than an object that is told member by member."""

    def __init__(self, shape: dict[str, Any]) -> None:
        super().__init__(*shape.values(), output_field=JSONField())
        self.members = list(shape)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:  # type: ignore[override]  # noqa: ARG002
        parts = [compiler.compile(value) for value in self.source_expressions]
        columns = ", ".join(f'{sql} AS "{member}"' for member, (sql, _) in zip(self.members, parts, strict=True))
        params = [param for _, more in parts for param in more]
        return f"(SELECT row_to_json(one) FROM (SELECT {columns}) one)", params  # noqa: S608 - members are ours


# Every byte but letters, digits and ``_.-~/`` as %XX, like ``urllib.parse.quote``; few paths have any.
# A percent sign is doubled twice: for the template, and for the parameters of the statement.
QUOTED = """(SELECT CASE WHEN p ~ '^[A-Za-z0-9_.~/-]*$' THEN p ELSE
 (SELECT string_agg(CASE WHEN chr(b) ~ '[A-Za-z0-9_.~/-]' THEN chr(b) ELSE '%%%%' || upper(lpad(to_hex(b), 2, '0')) END,
                    '' ORDER BY i)
  FROM (SELECT i, get_byte(convert_to(p, 'UTF8'), i) AS b FROM generate_series(0, octet_length(p) - 1) i) bytes) END
 FROM (SELECT %(expressions)s AS p) q)"""
TIME = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""


def as_text(rows: QuerySet, shape: Shape, kept: frozenset[str] = frozenset()) -> RawSQL:
    """An item of rows as JSON.

    :param kept: members to be had; none means all
    """
    model: Any = rows.model
    return RawSQL(*_compiled(model, shape, kept), output_field=TextField())  # noqa: S611 - compiled below


@lru_cache(maxsize=256)
def _compiled(model: type[Model], shape: Shape, kept: frozenset[str]) -> tuple[str, tuple[Any, ...]]:
    """The SQL of an item: to put it together takes Python longer than Postgres takes for the whole page."""
    item = Object({name: value for name, value in shape.items() if not kept or name in kept})
    query = model._default_manager.annotate(item=Cast(item, TextField())).values("item").query
    compiler = query.get_compiler(DEFAULT_DB_ALIAS)
    compiler.pre_sql_setup()
    sql, params = compiler.compile(query.annotations["item"])
    return sql, tuple(params)


def one_of(rows: QuerySet, shape: Shape) -> Subquery:
    """The row of a correlated queryset as an object, null if there is none."""
    return Subquery(rows.order_by().values_list(Object(shape)))


def all_of(rows: QuerySet, shape: Shape) -> Func:
    """The rows of a correlated queryset as a list in their order, an empty one if there are none."""
    return Func(ArraySubquery(rows.values_list(Object(shape))), function="to_json", output_field=JSONField())


def each_of(field: str, shape: Shape) -> Func:
    """The items of a stored list, each as an object; null if there are none. :func:`item` is a member of one."""
    return Func(
        Object(shape),
        F(field),
        template="(SELECT json_agg(%(expressions)s) AS item)",
        arg_joiner=") FROM jsonb_array_elements(",
        output_field=JSONField(),
    )


def item(member: str) -> Func:
    return Func(Value(member), template="(item ->> %(expressions)s)", output_field=TextField())


def time_of(field: str) -> Func:
    """As :func:`emgapiv2.api.rendering.as_text` writes it."""
    return Func(F(field), template=TIME, output_field=TextField())


def label_of(field: str, choices: type[TextChoices]) -> Case:
    whens = [When(**{field: value}, then=Value(label)) for value, label in choices.choices]
    return Case(*whens, output_field=TextField())


def url_of(root: str, *path: Any) -> Concat:
    """:param path: its parts, which are quoted as a whole"""
    whole = Concat(*path, Value(""), output_field=TextField())
    return Concat(Value(root), Func(whole, template=QUOTED, output_field=TextField()), output_field=TextField())
