from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.timesince import timesince

from ena.readonly_admin import ReadOnlyAdmin
from workflows.cluster.identity import STORED_UNDER
from workflows.models import Duty


@admin.register(Duty)
class DutyAdmin(ReadOnlyAdmin):
    """Each loop of the service: an old age here means that nobody does the work."""

    ordering = ("name",)
    list_display = ("name", "age", "failures", "error", "holder", "ok_since")
    search_help_text = "A whole name"
    fields = (("name", "holder", "age"), ("started_at", "finished_at", "ok_since"), ("failures", "error"), "state")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Duty]:
        return super().get_queryset(request).exclude(pk=STORED_UNDER)  # what is fixed at the first start is no loop

    def found_by(self, term: str) -> Q:
        return Q(name=term)

    @admin.display(description="last turn")
    def age(self, duty: Duty) -> str:
        return f"{timesince(duty.finished_at)} ago" if duty.finished_at else "never"
