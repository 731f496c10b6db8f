"""Pages of lists: ``{count, items, next, previous}`` (``spec/api-v2.md`` §4)."""

import hashlib
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

from django.core.cache import cache
from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Query, Schema
from pydantic import Field

LARGEST_PAGE = 1000
COUNT_SECONDS = 60
T = TypeVar("T")


class NinjaPaginationResponseSchema(Schema, Generic[T]):
    """The name is that of the public document."""

    count: int
    items: list[T]
    next: str | None = None
    previous: str | None = None


class PageOptions(Schema):
    page: int = Field(1, ge=1)
    page_size: int = Field(100, ge=1, description="Sizes above 1000 are read as 1000.")

    @property
    def size(self) -> int:
        return min(self.page_size, LARGEST_PAGE)

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.size


Paging = Annotated[PageOptions, Query()]


def page_of(rows: QuerySet, request: HttpRequest, paging: PageOptions, *, count_is_remembered: bool = False) -> dict:
    """One page of rows in their total order; beyond the end an empty one.

    :param count_is_remembered: for whole tables, whose count may be up to a minute old
    """
    count = _remembered_count(rows) if count_is_remembered else rows.order_by().count()
    return as_page(request, paging, count, list(rows[paging.offset : paging.offset + paging.size]))


def as_page(request: HttpRequest, paging: PageOptions, count: int, items: list[Any]) -> dict:
    """The envelope, with absolute links to the neighbours."""
    last = max(1, -(-count // paging.size))
    return {
        "count": count,
        "items": items,
        "next": _link(request, paging.page + 1) if paging.page < last else None,
        "previous": _link(request, min(paging.page - 1, last)) if paging.page > 1 else None,
    }


def _remembered_count(rows: QuerySet) -> int:
    sql, parameters = rows.order_by().values("pk").query.sql_with_params()
    key = hashlib.sha256(repr((sql, parameters)).encode()).hexdigest()
    return cache.get_or_set(f"count:{key}", rows.order_by().count, COUNT_SECONDS)


def _link(request: HttpRequest, page: int) -> str:
    parameters = [(name, value) for name, values in request.GET.lists() for value in values if name != "page"]
    return request.build_absolute_uri(f"{request.path}?{urlencode([*parameters, ('page', page)])}")
