"""ENA's record as we have it: read only, for ENA owns it (``spec/ena.md`` §14)."""

from django.conf import settings
from django.contrib import admin
from django.db.models import Q

from ena.models import Noun, Sample, Study, SyncRun, VisibilityEvent
from ena.readonly_admin import ReadOnlyAdmin, Section, badge, link, outside

NEWEST = 20


def browser_link(accession: str | None) -> str:
    """The record in ENA's browser."""
    return outside(f"{settings.EMG_CONFIG.ena.browser_view_url_prefix}/{accession}") if accession else ""


class OfOneAccession(ReadOnlyAdmin):
    search_help_text = "A whole accession, primary or secondary"

    def found_by(self, term: str) -> Q:
        return Q(aliases__accession=term.upper())

    @admin.display(description="all accessions")
    def accessions(self, row: Study | Sample) -> str:
        return ", ".join(row.aliases.order_by("-is_primary", "accession").values_list("accession", flat=True))

    @admin.display(description="ENA browser")
    def in_ena(self, row: Study | Sample) -> str:
        return browser_link(row.accession)


@admin.register(Study)
class StudyAdmin(OfOneAccession):
    list_display = ("accession", "title", "level", "webin_owner", "absent_since", "looked_at", "next_look_at")
    list_filter = ("visibility",)
    fields = (
        ("accession", "level", "webin_owner"),
        ("title", "accessions", "in_ena"),
        ("looked_at", "certain_at", "next_look_at"),
        ("fetched_at", "absent_since"),
        "metadata",
    )

    @admin.display(description="visibility", ordering="visibility")
    def level(self, study: Study) -> str:
        return badge(study.get_visibility_display())

    def sections(self, study: Study) -> list[Section]:
        looks = study.sync_runs.order_by("-pk")[:NEWEST]
        moves = VisibilityEvent.objects.filter(noun=Noun.ENA_STUDY, object_id=study.pk).order_by("-pk")[:NEWEST]
        return [
            Section(
                "Looks at ENA, newest first",
                ("started", "kind", "outcome", "verdict", "actor", ""),
                [(one.started_at, one.kind, one.outcome, badge(one.verdict), one.actor, link(one)) for one in looks],
            ),
            Section(
                "Changes of visibility, newest first",
                ("when", "from", "to", "cause", "actor", "note"),
                [
                    (
                        move.created_at,
                        badge(move.get_from_level_display()),
                        badge(move.get_to_level_display()),
                        move.cause,
                        move.actor,
                        move.note,
                    )
                    for move in moves
                ],
            ),
        ]


@admin.register(Sample)
class SampleAdmin(OfOneAccession):
    list_display = ("accession", "fetched_at")
    fields = (("accession", "accessions", "in_ena"), "fetched_at", "metadata")


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    joins = ("study",)
    list_display = ("pk", "kind", "study", "outcome", "verdict", "actor", "started_at", "finished_at")
    list_filter = ("kind", "outcome", "verdict")
    search_help_text = "A whole accession of the study"
    fields = (("kind", "study", "actor"), ("outcome", "verdict", "through"), ("started_at", "finished_at"), "report")

    def found_by(self, term: str) -> Q:
        return Q(study__aliases__accession=term.upper())
