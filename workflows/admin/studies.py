"""A study's page in full: the catalogue's part, and the work on it, which that room does not know."""

from django.contrib import admin
from django.db.models import OuterRef, QuerySet
from django.http import HttpRequest

from analyses.admin import studies
from analyses.models import Study
from ena.readonly_admin import Section, embedded, link, rows_in, table
from workflows.admin.start_buttons import start_button
from workflows.models import Attention, Decision

admin.site.unregister(Study)


@admin.register(Study)
class StudyAdmin(studies.StudyAdmin):
    analyse = start_button("analyse_study", "Refresh it, plan its analyses, run them and publish them.")
    assemble = start_button("assemble_study", "Assemble its runs, and send the assemblies to ENA once you say so.")
    download = start_button("realistic_example", "Download the reads of its samples, and verify them.")
    finalise = start_button("finalise_study", "Make its summaries again.")
    recover = start_button(
        "recovery_helper_import_completed_analyses_in_study", "Take whole results that lie on disk, without a run."
    )
    start = {"title": "Start", "items": ["analyse", "assemble", "download", "finalise", "recover"]}
    actions_detail = (start, *studies.StudyAdmin.actions_detail)

    def has_start_permission(self, request: HttpRequest, _object_id: str | None = None) -> bool:
        """A method, since the library looks a dotted name up in the database before there are tables."""
        return request.user.has_perm("workflows.add_flowrun")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Study]:
        studies = super().get_queryset(request)
        open_ones = Attention.objects.filter(study=OuterRef("pk"), cleared_at=None).order_by("-since")
        asked = Decision.objects.filter(flow_run__study=OuterRef("pk"), answer=None).order_by("-asked_at")
        needs = {
            "wrong": embedded(open_ones, "id text since"),
            "asked": embedded(asked, "id question subject asked_at"),
        }
        return studies if self.is_list(request) else studies.annotate(**needs)

    def sections(self, study: Study) -> list[Section]:
        batches = study.batches.select_related("job").order_by("-created_at")
        needs = [("question", link(one), one.asked_at) for one in rows_in(study, "asked", Decision)]
        needs += [("attention", link(one), one.since) for one in rows_in(study, "wrong", Attention)]
        return [
            *([Section("Needs a person", ("", "what", "since"), needs)] if needs else []),
            *super().sections(study),
            table(
                "Flow runs, newest first",
                study.flow_runs.order_by("-created_at"),
                "self state requested_by because created_at ended_at error",
            ),
            table("Batches, newest first", batches, "self state job created_at closed_at"),
        ]
