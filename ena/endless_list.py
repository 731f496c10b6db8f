"""A list of any length in the admin: a page begins behind the last row of another; nothing is counted or skipped."""

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.paginator import InfinitePaginator

AFTER, BEFORE = "after-", "before-"


class EndlessPaginator(InfinitePaginator):
    template_name = "ena/endless_pages.html"


class EndlessList(ChangeList):
    """Its order is that of its model's admin, and the key last. ``p=after-<key>`` is the page behind that row."""

    previous_url = next_url = ""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet) -> list[Any]:  # noqa: ARG002 - Django's
        order = [str(name) for name in self.model_admin.get_ordering(request)]
        unique = {"pk", *(field.name for field in self.model._meta.fields if field.unique)}
        return order if order[-1].removeprefix("-") in unique else [*order, "-pk"]

    def get_results(self, request: HttpRequest) -> None:
        token, size = request.GET.get(PAGE_VAR, ""), self.list_per_page
        order = self.get_ordering(request, self.queryset)
        anchor = self._row(token.removeprefix(BEFORE).removeprefix(AFTER), order)
        backwards = anchor is not None and token.startswith(BEFORE)
        if backwards:
            order = [turned(name) for name in order]
        beside = self.queryset.filter(behind(anchor, order)) if anchor else self.queryset
        rows = list(beside.order_by(*order)[: size + 1])
        more, rows = len(rows) > size, rows[:size]
        if backwards:
            rows.reverse()
        if rows and (more if backwards else anchor):
            self.previous_url = self.get_query_string({PAGE_VAR: f"{BEFORE}{rows[0].pk}"})
        if rows and (more or backwards):
            self.next_url = self.get_query_string({PAGE_VAR: f"{AFTER}{rows[-1].pk}"})
        self.paginator = self.model_admin.get_paginator(request, self.queryset, size)
        self.result_list, self.result_count, self.full_result_count = rows, len(rows), len(rows)
        self.show_full_result_count = self.can_show_all = self.multi_page = False
        self.show_admin_actions = True

    def _row(self, key: str, order: Sequence[str]) -> dict[str, Any] | None:
        """What the row of that key is ordered by; None if there is no such row."""
        names = [name.removeprefix("-") for name in order]
        try:
            return self.model._default_manager.filter(pk=key).values(*names).first() if key else None
        except (ValueError, ValidationError):  # no key of this model
            return None


def turned(name: str) -> str:
    return name.removeprefix("-") if name.startswith("-") else f"-{name}"


def behind(anchor: dict[str, Any], order: Sequence[str]) -> Q:
    """The rows that come after one. The first column's own bound lets an index begin there."""
    first, *rest = order
    name, sign = first.removeprefix("-"), "lt" if first.startswith("-") else "gt"
    beyond = Q(**{f"{name}__{sign}": anchor[name]})
    if not rest:
        return beyond
    return Q(**{f"{name}__{sign}e": anchor[name]}) & (beyond | behind(anchor, rest))
