"""Answers that Postgres writes: their items are sent as they come (``spec/api-v2.md`` §11)."""

from functools import lru_cache
from typing import Any

import orjson
from django.db.models import QuerySet
from django.http import HttpResponse

from analyses.models import ResultsArea
from analyses.selectors.counts import count_of
from analyses.selectors.questions import Question, Rows, first_of, ids_of, question_of
from emgapiv2.api.cursors import keys_of
from emgapiv2.api.downloads import private_url
from emgapiv2.api.pagination import SHALLOW_ROWS, PageOptions, in_order, page_at, page_of
from emgapiv2.api.rendering import or_404, refused
from emgapiv2.api.request import ApiRequest
from emgapiv2.api.sql_json import Shape, as_text

JSON = "application/json; charset=utf-8"


def written_page_of(
    rows: Rows,
    shape: Shape,
    request: ApiRequest,
    paging: PageOptions,
    *,
    order: str | None = None,
    is_whole_list: bool = False,
) -> HttpResponse:
    """A page as :func:`emgapiv2.api.pagination.page_of` gives it.

    :param shape: what an item holds; only what is asked for by ``fields=`` is read
    :raises ninja.errors.ValidationError: ``fields=`` names what items do not have
    """
    if unknown := paging.kept - set(shape):
        raise refused([("query.fields", f"no such field: {', '.join(sorted(unknown))}")])
    kept = frozenset(paging.kept)
    if paging.cursor is not None or paging.offset > SHALLOW_ROWS:
        page = page_of(_written(rows.queryset(), shape, order, kept), request, paging, is_whole_list=is_whole_list)
    else:
        count = count_of(ids_of(rows), rows.given, is_whole_list=is_whole_list)
        items = _items(rows, shape, order, kept, paging.size)
        page = page_at(request, paging, count, lambda: items.ask(rows.given, offset=paging.offset))
    page["items"] = [orjson.Fragment(row[-1]) for row in page["items"]]
    return HttpResponse(orjson.dumps(page), content_type=JSON)


def written_detail(rows: Rows, shape: Shape, request: ApiRequest) -> HttpResponse:
    """The one of these rows, its private files under addresses for this caller.

    :param rows: of a model with files
    :raises Http404: there is none
    """
    ((item, request.changed_at, area),) = or_404(_detail(rows, shape).ask(rows.given) or None)
    return HttpResponse(_signed(item, request) if area == ResultsArea.PRIVATE else item, content_type=JSON)


def key_of(rows: Rows) -> int:
    """:raises Http404: there is no such row, or none that this actor may see"""
    return or_404(first_of(rows, "pk"))[0]


def _signed(item: str, request: ApiRequest) -> bytes:
    answer = orjson.loads(item)
    for file in answer["downloads"]:
        for one in (file, *(file["index_files"] or [])):
            if (one["url"] or "").startswith("/"):
                one["url"] = private_url(request, one["url"][1:])
    return orjson.dumps(answer)


@lru_cache(maxsize=512)
def _items(rows: Rows, shape: Shape, order: str | None, kept: frozenset[str], size: int) -> Question:
    """Its text names the size: how many rows are wanted decides how they are best found."""
    items = question_of(_written(rows.with_slots(), shape, order, kept))
    return Question(f"{items.sql} LIMIT {size:d}", items.params)


@lru_cache(maxsize=512)
def _detail(rows: Rows, shape: Shape) -> Question:
    found: Any = rows.with_slots()
    return question_of(found.annotate(item=as_text(found, shape)).values_list("item", "updated_at", "results_area"))


def _written(rows: QuerySet, shape: Shape, order: str | None, kept: frozenset[str]) -> QuerySet:
    """The keys of the order, then the item."""
    rows = in_order(rows, order)
    keys = [name for name, _ in keys_of(rows)]
    item = as_text(rows, shape, kept)
    return rows.prefetch_related(None).annotate(item=item).values_list(*keys, "item", named=True)
