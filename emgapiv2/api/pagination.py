"""Pages of lists: ``{count, items, next, previous}`` (``spec/api-v2.md`` §4)."""

from collections.abc import Callable
from typing import Annotated, Any, Generic, Self, TypeVar, get_args
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db.models import F, QuerySet
from ninja import Query, Schema
from pydantic import Field, ValidationInfo, model_validator

from analyses.selectors.counts import Estimate, count_of
from analyses.selectors.questions import question_of
from emgapiv2.api.cursors import Place, cursor_beside, read_beside, read_cursor
from emgapiv2.api.rendering import Text, refused
from emgapiv2.api.request import ApiRequest

DEFAULT_PAGE, LARGEST_PAGE = 100, 1000
SHALLOW_ROWS = 10_000  # to skip so many costs less than to pick ids first
PLACES = {"page", "cursor"}
T = TypeVar("T")


class NinjaPaginationResponseSchema(Schema, Generic[T]):
    """The name is that of the public document."""

    count: int
    items: list[T]
    next: str | None = None
    previous: str | None = None

    @model_validator(mode="after")
    def _has_the_fields_asked_for(self, info: ValidationInfo) -> Self:
        """:raises ninja.errors.ValidationError: ``fields=`` names what items do not have"""
        kept: set[str] = getattr((info.context or {}).get("request"), "kept_fields", set())
        (item,) = get_args(type(self).model_fields["items"].annotation)
        if unknown := kept - set(item.model_fields):
            raise refused([("query.fields", f"no such field: {', '.join(sorted(unknown))}")])
        return self


Page = NinjaPaginationResponseSchema


class PageOptions(Schema):
    page: int = Field(1, ge=1)
    page_size: int | None = Field(None, ge=1, description="100 unless given; more than 1000 is read as 1000.")
    cursor: Text | None = Field(None, description="Empty for the first page; then follow `next`.")
    fields: Text | None = Field(None, description="Names of the fields to keep of each item, by commas.")

    @model_validator(mode="after")
    def _has_one_place(self) -> Self:
        if self.cursor is not None and self.page > 1:
            raise ValueError("cursor and page are two places")
        return self

    @property
    def kept(self) -> set[str]:
        return {name.strip() for name in (self.fields or "").split(",")} - {""}

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


def page_of(
    rows: QuerySet, request: ApiRequest, paging: PageOptions, *, order: str | None = None, is_whole_list: bool = False
) -> dict[str, Any]:
    """One page of rows in their total order; beyond the end an empty one, for which no row is read.

    :param is_whole_list: its count may be up to a minute old, however few there are
    """
    rows = in_order(rows, order)
    place = read_cursor(paging.cursor, request) if paging.cursor is not None else None
    ids = rows.order_by().values("pk")
    try:
        count = count_of(question_of(ids), {}, is_whole_list=is_whole_list)
    except EmptyResultSet:  # nothing can be so, such as a year that no integer holds
        count = 0
    if paging.cursor is not None:
        return _page_beside(rows, request, paging, place, count)
    return page_at(request, paging, count, lambda: _read_at(rows, paging.offset, paging.size))


def page_at(request: ApiRequest, paging: PageOptions, count: int, read: Callable[[], list[Any]]) -> dict[str, Any]:
    """:param read: gives the items, asked only where there may be any"""
    items = read() if paging.offset < count or paging.offset == 0 else []
    return as_page(request, paging, max(count, paging.offset + len(items)) if items else count, items)


def _read_at(rows: QuerySet, start: int, size: int) -> list[Any]:
    """Far from the beginning the ids come first, from an index alone: what is skipped is never read."""
    if start <= SHALLOW_ROWS:
        return list(rows[start : start + size])
    return list(rows.filter(pk__in=rows.values("pk")[start : start + size]))


def as_page(request: ApiRequest, paging: PageOptions, count: int, items: list[Any]) -> dict[str, Any]:
    """The envelope, with absolute links to the neighbours; the Link header says the same."""
    last = max(1, -(-count // paging.size))
    following = {"page": paging.page + 1} if paging.page < last else None
    before = {"page": min(paging.page - 1, last)} if paging.page > 1 else None
    return _envelope(request, paging, {"count": count, "items": items}, following, before)


def _page_beside(rows: QuerySet, request: ApiRequest, paging: PageOptions, place: Place | None, count: int) -> dict:
    """A page in cursor mode. One row more than it holds tells whether there is another."""
    found = read_beside(rows, place, paging.size + 1)
    is_before, has_more = place is not None and place.is_before, len(found) > paging.size
    items = found[: paging.size][:: -1 if is_before else 1]

    def cursor(index: int, *, before: bool) -> dict[str, Any]:
        return {"cursor": cursor_beside(items[index], rows, request, is_before=before)}

    following = cursor(-1, before=False) if items and (has_more or is_before) else None
    before = cursor(0, before=True) if items and (has_more if is_before else place) else None
    page = {"count": max(count, len(items)), "items": items}
    return _envelope(request, paging, page, following, before)


def _envelope(
    request: ApiRequest, paging: PageOptions, page: dict[str, Any], following: dict | None, before: dict | None
) -> dict[str, Any]:
    request.kept_fields = paging.kept
    request.is_estimate = isinstance(page["count"], Estimate)
    request.neighbours = {
        "next": link_to(request, following) if following else None,
        "previous": link_to(request, before) if before else None,
    }
    return page | request.neighbours


def link_to(request: ApiRequest, place: dict[str, Any]) -> str:
    others = [(name, value) for name, values in request.GET.lists() for value in values if name not in PLACES]
    return absolute(f"{request.path}?{urlencode([*others, *place.items()])}")


def absolute(path: str) -> str:
    """The address of a path as callers know it, whatever proxies stand between."""
    return settings.EMG_CONFIG.service_urls.site_url.rstrip("/") + path
