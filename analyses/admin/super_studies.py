from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from analyses.models import SuperStudy
from ena.readonly_admin import ReadOnlyAdmin, Section, table


@admin.register(SuperStudy)
class SuperStudyAdmin(ReadOnlyAdmin):
    ordering = ("-updated_at", "-pk")
    list_display = ("slug", "title", "updated_at")
    search_help_text = "A whole slug"
    fields = (("slug", "title"), "description", ("logo_mimetype", "updated_at"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[SuperStudy]:
        return super().get_queryset(request).defer("logo")

    def found_by(self, term: str) -> Q:
        return Q(pk=term.lower())

    def sections(self, super_study: SuperStudy) -> list[Section]:
        links = super_study.links.select_related("study").order_by("-is_flagship", "study")
        return [table("Studies", links, "study is_flagship study__title")]
