"""What every page of the admin is made of, in all rooms: it shows, and a change goes through a service."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator

COLOURS = {
    "success": ["completed", "done", "imported", "public", "published", "succeeded"],
    "danger": ["check_failed", "crashed", "failed", "refused", "suppressed"],
    "warning": ["blocked", "cancelled", "cancelling", "private", "qc_failed", "skipped", "to retry"],
    "info": ["ending", "held", "launched", "launching", "open", "queued", "running", "submitting", "suspended"],
}
COLOUR_OF = {word: colour for colour, words in COLOURS.items() for word in words}


@dataclass(frozen=True)
class Section:
    """A part of a page below its fields: a table, or a text kept as it was printed. All is escaped but safe strings."""

    title: str
    headers: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    text: str = ""


class ReadOnlyAdmin(ModelAdmin):
    """Lists without counting, newest first; ``joins`` are the relations that a row shows."""

    joins: tuple[str, ...] = ()
    actions = None
    ordering = ("-pk",)
    list_per_page = 50
    paginator = InfinitePaginator
    show_full_result_count = False
    search_fields = ("pk",)  # only makes the box appear: `found_by` searches
    change_form_outer_after_template = "ena/sections.html"

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's signature
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 - as above
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 - as above
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related(*self.joins or [None])

    def found_by(self, term: str) -> Q:
        """The rows that a search is for, by an indexed equality."""
        raise NotImplementedError

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:  # noqa: ARG002 - as above
        return (queryset.filter(self.found_by(search_term.strip())) if search_term else queryset), False

    def sections(self, row: Any) -> list[Section]:  # noqa: ARG002 - a page without sections has none
        return []

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        return super().render_change_form(
            request, context | {"sections": self.sections(row) if row else []}, *args, **kwargs
        )


def link(row: Model | None, text: object = "") -> str:
    """To the page of a row, if there is one."""
    if row is None:
        return ""
    url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return outside(url, text or row)


def outside(url: str, text: object = "") -> str:
    return format_html('<a href="{}" class="text-link">{}</a>', url, text or url)


def badge(word: str | None) -> str:
    """A state or verdict, coloured by how good it is."""
    if not word:
        return ""
    colour = COLOUR_OF.get(word.lower(), "default")
    return render_to_string("unfold/helpers/label.html", {"text": word.replace("_", " "), "variant": colour})


def leave_for(request: HttpRequest, row: Model) -> HttpResponse:
    """The end of a dialog: on to the page of a row, with and without scripts."""
    url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return HttpResponse(headers={"HX-Redirect": url}) if "HX-Request" in request.headers else redirect(url)
