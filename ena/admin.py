"""ENA's record as we have it: read only, for ENA owns it (``spec/ena.md`` §14)."""

from django.contrib import admin

from ena.models import Noun, Sample, Study, SyncRun, VisibilityEvent
from ena.readonly_admin import ReadOnlyAdmin, Section, table

ANY_ACCESSION = "A whole accession, primary or secondary"


def accessions(row: Study | Sample) -> Section:
    return table("Accessions", row.aliases.order_by("-is_primary", "accession"), "accession is_primary")


@admin.register(Study)
class StudyAdmin(ReadOnlyAdmin):
    search_help_text = ANY_ACCESSION
    list_display = ("accession", "title", "level", "webin_owner", "absent_since", "looked_at", "next_look_at")
    list_filter = ("visibility",)
    fields = (
        ("accession", "level", "webin_owner"),
        ("title", "in_ena"),
        ("looked_at", "certain_at", "next_look_at"),
        ("fetched_at", "absent_since"),
        "metadata",
    )

    def sections(self, study: Study) -> list[Section]:
        moves = VisibilityEvent.objects.filter(noun=Noun.ENA_STUDY, object_id=study.pk).order_by("-pk")
        return [
            accessions(study),
            table(
                "Looks at ENA, newest first",
                study.sync_runs.order_by("-pk"),
                "started_at kind outcome verdict actor self",
            ),
            table("Changes of visibility, newest first", moves, "created_at from_level to_level cause actor note"),
        ]


@admin.register(Sample)
class SampleAdmin(ReadOnlyAdmin):
    search_help_text = ANY_ACCESSION
    list_display = ("accession", "fetched_at")
    fields = (("accession", "in_ena", "fetched_at"), "metadata")

    def sections(self, sample: Sample) -> list[Section]:
        return [accessions(sample)]


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    joins = ("study",)
    list_display = ("pk", "kind", "study", "outcome", "verdict", "actor", "started_at", "finished_at")
    list_filter = ("kind", "outcome", "verdict")
    search_help_text = "A whole accession of the study"
    accession_path = "study__aliases__accession"
    fields = (("kind", "study", "actor"), ("outcome", "verdict", "through"), ("started_at", "finished_at"), "report")
