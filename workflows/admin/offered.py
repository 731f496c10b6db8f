"""Filters whose choices the code knows: to look for them in the rows would read the whole table."""

from collections.abc import Callable, Iterable

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest


def offered(column: str, values: Callable[[], Iterable[str]]) -> type[admin.SimpleListFilter]:
    class Offered(admin.SimpleListFilter):
        title = parameter_name = column

        def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
            return [(value, value) for value in values()]

        def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
            return queryset.filter(**{column: self.value()}) if self.value() else queryset

    return Offered
