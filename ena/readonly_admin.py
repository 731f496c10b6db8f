"""What every page of the admin is made of, in all rooms: it shows, and a change goes through a service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeVar

from django.conf import settings
from django.contrib import admin
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Model, Q, QuerySet
from django.db.models.functions import JSONObject
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.admin import ModelAdmin

from ena.endless_list import EndlessList, EndlessPaginator
from ena.models import Visibility

COLOURS = {
    "success": "accepted completed done external imported public published sent succeeded uploaded",
    "danger": "check_failed crashed failed post_qc_failed pre_qc_failed rejected refused suppressed upload_failed",
    "warning": "blocked cancelled cancelling partial private qc_failed skipped to_retry uncertain upload_blocked",
    "info": "cached ending held launched launching open queued running submitting suspended uploading",
}
COLOUR_OF = {word: colour for colour, words in COLOURS.items() for word in words.split()}
BADGES = {"state", "from_state", "to_state", "verdict", "status", "job__state", "attempt__state"}
LEVELS = {"from_level", "to_level"}
M = TypeVar("M", bound=Model)
SHOWN = 100  # rows of a table below the fields
SEES_PRIVATE = "analyses.view_private"  # the pages show private studies, as the API does to the same people


@dataclass(frozen=True)
class Section:
    """A part of a page below its fields: a table, or a text kept as it was printed. All is escaped but safe strings."""

    title: str
    headers: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    text: str = ""


class ReadOnlyAdmin(ModelAdmin):
    """Lists without counting, in one order, newest first; ``joins`` are the relations that a row shows."""

    joins: tuple[str, ...] = ()
    accession_path = "aliases__accession"
    actions = None
    ordering: tuple[str, ...] = ("-pk",)
    sortable_by = ()
    list_per_page = 50
    paginator = EndlessPaginator
    show_full_result_count = False
    compressed_fields = False
    search_fields: tuple[str, ...] = ("pk",)  # only makes the box appear: `found_by` searches
    change_form_outer_after_template: str | None = "ena/sections.html"

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(SEES_PRIVATE) and super().has_view_permission(request, obj)

    def has_act_permission(self, request: HttpRequest, _object_id: str | None = None) -> bool:
        """Who may press the buttons of a page."""
        may = request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")
        return may and self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[EndlessList]:
        return EndlessList

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related(*self.joins or [None])

    def found_by(self, term: str) -> Q:
        """The rows that a search is for, by an indexed equality."""
        return Q(**{self.accession_path: term.upper()})

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        return (queryset.filter(self.found_by(search_term.strip())) if search_term else queryset), False

    @admin.display(description="state")
    def where(self, row: Any) -> str:
        return badge(row.state)

    @admin.display(description="visibility")
    def level(self, row: Any) -> str:
        return badge(Visibility(row.visibility).label)

    @admin.display(description="ENA browser")
    def in_ena(self, row: Any) -> str:
        name = row.first_accession if hasattr(row, "first_accession") else row.accession
        return outside(f"{settings.EMG_CONFIG.ena.browser_view_url_prefix}/{name}", name) if name else ""

    def sections(self, row: Any) -> list[Section]:
        return []

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        if row is not None:
            buttons = [one for one in context.get("actions_detail", []) if self.has_button(row, one["title"])]
            context |= {"sections": self.sections(row), "actions_detail": buttons}
        return super().render_change_form(request, context, *args, **kwargs)

    def has_buttons(self, row: Any) -> bool:
        """Whether there is anything left to do with the row."""
        return True

    def has_button(self, row: Any, title: str) -> bool:
        """Whether that one of them has, where they have their times."""
        return self.has_buttons(row)

    def row_of(self, request: HttpRequest, object_id: str) -> Any:
        """:raises Http404: there is no such row, or it cannot be an id"""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404(f"{self.model._meta.verbose_name} {object_id} does not exist")
        return row

    def is_list(self, request: HttpRequest) -> bool:
        """A list leaves wide columns in the database."""
        return not (request.resolver_match and request.resolver_match.kwargs)


def table(title: str, rows: QuerySet | Sequence[Any], columns: str) -> Section:
    """The first rows of something that belongs to a page's row.

    :param columns: attributes of a row, or ways over relations with ``__``; ``self`` is a link to the row's own page
    """
    paths = columns.split()
    headers = [path.removesuffix("__name").replace("__", " ").replace("_", " ") for path in paths]
    headers = ["what" if header == "self" else header for header in headers]
    return Section(title, headers, [[_cell(row, path) for path in paths] for row in rows[:SHOWN]])


def embedded(rows: QuerySet, columns: str) -> ArraySubquery:
    """A few rows that belong to a page's row, as a column of it: no question of their own. See :func:`rows_in`."""
    return ArraySubquery(rows.values(embedded=JSONObject(**{name: name for name in columns.split()}))[:SHOWN])


def rows_in(row: Model, name: str, model: type[M]) -> list[M]:
    """The embedded rows again, with the columns that were asked for."""
    fields = {field.name: field for field in model._meta.concrete_fields}
    found = getattr(row, name)
    return [model(**{key: fields[key].to_python(value) for key, value in one.items()}) for one in found]


def _cell(row: Any, path: str) -> Any:
    value = row if path == "self" else reduce(lambda one, name: getattr(one, name, None), path.split("__"), row)
    if isinstance(value, Model):
        return link(value)
    if path in LEVELS:
        value = Visibility(value).label
    return badge(value) if path in BADGES | LEVELS else value


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
    colour = COLOUR_OF.get(word.lower().replace(" ", "_"), "default")
    return render_to_string("unfold/helpers/label.html", {"text": word.replace("_", " "), "variant": colour})


def bar(parts: Mapping[str, int], label: str) -> str:
    """Shares of a whole, in their order: ``good``, ``kept``, ``bad``; what is of another name stays empty."""
    whole = sum(parts.values()) or 1
    shares = [(name, f"{100 * n / whole:.1f}") for name, n in parts.items() if name in {"good", "kept", "bad"}]
    spans = format_html_join("", '<span class="{}" style="width: {}%"></span>', shares)
    return format_html('<div class="bar" role="img" aria-label="{}">{}</div>', label, spans)


def leave_for(request: HttpRequest, row: Model) -> HttpResponse:
    """The end of a dialog: on to the page of a row, with and without scripts."""
    url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return HttpResponse(headers={"HX-Redirect": url}) if "HX-Request" in request.headers else redirect(url)
