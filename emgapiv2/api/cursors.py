"""Pages that begin where the one before ended: their cost does not depend on their depth (``spec/api-v2.md`` §4)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from django.db.models import F, Func, QuerySet, TextField, Value
from django.db.models.expressions import OrderBy
from django.db.models.lookups import GreaterThan, LessThan
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from emgapiv2.api.rendering import refused

SIGNATURE_BYTES = 8
NOT_OF_THE_QUERY = {"cursor", "page", "page_size", "fields"}


@dataclass(frozen=True)
class Place:
    """Beside which row a page lies: the row's values of the order's keys, in order; on which side."""

    values: tuple[Any, ...]
    is_before: bool


def read_cursor(text: str, request: HttpRequest) -> Place | None:
    """None for the beginning.

    :raises ninja.errors.ValidationError: it was made up, or belongs to another query
    """
    if not text:
        return None
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        data = b""
    signature, body = data[:SIGNATURE_BYTES], data[SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(body, request)):
        raise refused([("query.cursor", "cursor belongs to another query")])
    is_before, *values = orjson.loads(body)
    return Place(tuple(values), is_before)


def cursor_beside(row: Any, rows: QuerySet, request: HttpRequest, *, is_before: bool) -> str:
    """:param row: the first or the last of a page of these rows"""
    return cursor_at([getattr(row, name) for name, _ in keys_of(rows)], request, is_before=is_before)


def cursor_at(values: list[Any], request: HttpRequest, *, is_before: bool = False) -> str:
    body = orjson.dumps([is_before, *values])
    return base64.urlsafe_b64encode(_signature(body, request) + body).rstrip(b"=").decode()


def read_beside(rows: QuerySet, place: Place | None, size: int) -> list[Any]:
    """At most so many rows beside the place, nearest first."""
    found: list[Any] = []
    for part in _parts(rows, place):
        found += part[: size - len(found)]
        if len(found) == size:
            break
    return found


def _parts(rows: QuerySet, place: Place | None) -> Iterator[QuerySet]:
    """What lies beside the place, in parts that an index gives each in one stretch.

    A key that may be null comes first and is last where it is null; no comparison of rows finds those.
    """
    if place is None:
        yield rows
        return
    names = [name for name, _ in keys_of(rows)]
    goes_up = keys_of(rows)[0][1] is not place.is_before
    rows = rows.reverse() if place.is_before else rows
    first, is_null = names[0], place.values[0] is None
    if is_null:
        yield _beyond(rows.filter(**{first: None}), names[1:], place.values[1:], goes_up=goes_up)
        if place.is_before:
            yield rows.exclude(**{first: None})
        return
    yield _beyond(rows, names, place.values, goes_up=goes_up)
    if rows.model._meta.get_field(first).null and not place.is_before:
        yield rows.filter(**{first: None})


def _beyond(rows: QuerySet, names: list[str], values: tuple[Any, ...], *, goes_up: bool) -> QuerySet:
    fields = [rows.model._meta.get_field(name) for name in names]
    typed = [Value(field.to_python(value), field) for field, value in zip(fields, values, strict=True)]
    compare = GreaterThan if goes_up else LessThan
    return rows.filter(compare(_row(*map(F, names)), _row(*typed)))


def _row(*parts: Any) -> Func:
    """Compared as a whole, which an index over the same columns can do."""
    return Func(*parts, function="ROW", output_field=TextField())


def keys_of(rows: QuerySet) -> list[tuple[str, bool]]:
    """The order of a list: (field, goes up), all in one direction."""
    return [_key(rows, one) for one in rows.query.order_by]


def _key(rows: QuerySet, one: Any) -> tuple[str, bool]:
    name, goes_up = (one.expression.name, not one.descending) if isinstance(one, OrderBy) else (one, one[0] != "-")
    name = name.removeprefix("-")
    return rows.model._meta.pk.name if name == "pk" else name, goes_up


def _signature(body: bytes, request: HttpRequest) -> bytes:
    """Over the place and the query: its path, filters and order."""
    asked = sorted((name, values) for name, values in request.GET.lists() if name not in NOT_OF_THE_QUERY)
    query = hashlib.blake2b(repr((request.path, asked)).encode()).digest()
    return salted_hmac("emgapiv2.api.cursors", query + body, algorithm="sha256").digest()[:SIGNATURE_BYTES]
