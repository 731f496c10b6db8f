"""Pages of lists: ``{count, items, next, previous}`` (``spec/api-v2.md`` §4)."""

from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import F, QuerySet
from ninja import Query, Schema
from pydantic import Field

from analyses.selectors.counts import remembered_count
from emgapiv2.api.request import ApiRequest

DEFAULT_PAGE, LARGEST_PAGE = 100, 1000
T = TypeVar("T")


class NinjaPaginationResponseSchema(Schema, Generic[T]):
    """The name is that of the public document."""

    count: int
    items: list[T]
    next: str | None = None
    previous: str | None = None


Page = NinjaPaginationResponseSchema


class PageOptions(Schema):
    page: int = Field(1, ge=1)
    page_size: int | None = Field(None, ge=1, description="100 unless given; more than 1000 is read as 1000.")

    @property
    def size(self) -> int:
        return min(self.page_size or DEFAULT_PAGE, LARGEST_PAGE)

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.size


Paging = Annotated[PageOptions, Query()]


def in_order(rows: QuerySet, order: str | None) -> QuerySet:
    """By the key, ``-`` for the way down, then by id in the same direction; nulls last both ways.

    :param order: None or empty for the rows' own order. Accessions count up with ids
    """
    key, descending = (order or "").removeprefix("-"), (order or "").startswith("-")
    if not key:
        return rows
    by_id = "-pk" if descending else "pk"
    if key == "accession":
        return rows.order_by(by_id)
    # Only where nulls can be: an index is used for exactly the order that it declares.
    nulls_last = True if rows.model._meta.get_field(key).null and descending else None
    return rows.order_by(F(key).desc(nulls_last=nulls_last) if descending else F(key).asc(), by_id)


def page_of(rows: QuerySet, request: ApiRequest, paging: PageOptions, *, count_is_remembered: bool = False) -> dict:
    """One page of rows in their total order; beyond the end an empty one, for which no row is read.

    :param count_is_remembered: for whole tables, whose count may be up to a minute old
    """
    count = remembered_count(rows) if count_is_remembered else rows.order_by().count()
    start = paging.offset
    ids = rows.values("pk")[start : start + paging.size]  # from an index alone: what is skipped is never joined
    items = list(rows.filter(pk__in=ids)) if start < count or start == 0 else []
    return as_page(request, paging, max(count, start + len(items)) if items else count, items)


def as_page(request: ApiRequest, paging: PageOptions, count: int, items: list[Any]) -> dict:
    """The envelope, with absolute links to the neighbours; the Link header says the same."""
    last = max(1, -(-count // paging.size))
    request.neighbours = {
        "next": _link(request, paging.page + 1) if paging.page < last else None,
        "previous": _link(request, min(paging.page - 1, last)) if paging.page > 1 else None,
    }
    return {"count": count, "items": items, **request.neighbours}


def _link(request: ApiRequest, page: int) -> str:
    parameters = [(name, value) for name, values in request.GET.lists() for value in values if name != "page"]
    return absolute(f"{request.path}?{urlencode([*parameters, ('page', page)])}")


def absolute(path: str) -> str:
    """The address of a path as callers know it, whatever proxies stand between."""
    return settings.EMG_CONFIG.service_urls.site_url.rstrip("/") + path
