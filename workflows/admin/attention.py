from django.contrib import admin
from django.db.models import Q
from django.urls import NoReverseMatch, reverse

from analyses.admin.studies import study_lookup
from ena.readonly_admin import ReadOnlyAdmin, outside
from workflows.models import Attention

PAGES = {"job": "clusterjob", "flow_run": "flowrun", "batch": "batch", "decision": "decision"}


@admin.register(Attention)
class AttentionAdmin(ReadOnlyAdmin):
    joins = ("study",)
    list_display = ("text", "about", "study", "code", "since", "cleared_at")
    list_filter = (("cleared_at", admin.EmptyFieldListFilter), "subject_kind")
    search_help_text = "A whole id of its subject, or an accession of the study"
    fields = ("text", ("code", "about", "study"), ("since", "cleared_at"))

    def found_by(self, term: str) -> Q:
        return Q(subject_id=term) | study_lookup(term, "study__")

    @admin.display(description="about")
    def about(self, attention: Attention) -> str:
        return subject_link(attention)


def subject_link(attention: Attention) -> str:
    """To the page of what it is about, where there is one."""
    kind = attention.subject_kind
    try:
        url = reverse(f"admin:workflows_{PAGES[kind]}_change", args=[attention.subject_id])
    except (KeyError, NoReverseMatch):
        return f"{kind} {attention.subject_id}"
    return outside(url, kind.replace("_", " "))
