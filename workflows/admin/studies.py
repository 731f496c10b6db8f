"""A study's page in full: the catalogue's part, and the work on it, which that room does not know."""

from uuid import uuid4

from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.forms import BaseDialogForm

from analyses.admin import studies
from analyses.admin.dialogs import actor_of, dialog
from analyses.models import Study
from ena.readonly_admin import SHOWN, Section, leave_for, table
from workflows.pipelines import registry
from workflows.services.flow_runs import ask_for_run

PIPELINE = "mini_amplicon"
ANALYSE = dialog(f"Analyse with {PIPELINE}", "Starts the flow that refreshes, analyses and publishes this study.")
DOWNLOAD = dialog("Download read runs", "Starts the flow that downloads and verifies the reads of this study.")
MAY_START = ["start"]

admin.site.unregister(Study)


@admin.register(Study)
class StudyAdmin(studies.StudyAdmin):
    actions_detail = ("analyse", "download", *studies.StudyAdmin.actions_detail)

    def has_start_permission(self, request: HttpRequest, _object_id: str | None = None) -> bool:
        """A method, since the library looks a dotted name up in the database before there are tables."""
        return request.user.has_perm("workflows.add_flowrun")

    def has_analyse_permission(self, request: HttpRequest, _object_id: str | None = None) -> bool:
        is_here = not registry.missing_here(registry.get(PIPELINE), settings.EMG_CONFIG)
        return is_here and self.has_start_permission(request)

    @action(description=ANALYSE["title"], url_path="analyse", permissions=["analyse"], dialog=ANALYSE)
    def analyse(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        study = self.row_of(request, object_id)
        return _start(request, study, "analyse_study_deployment", "study_accession", pipeline=PIPELINE)

    @action(description=DOWNLOAD["title"], url_path="download", permissions=MAY_START, dialog=DOWNLOAD)
    def download(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        study = self.row_of(request, object_id)
        return _start(request, study, "realistic_example_deployment", "accession")

    def sections(self, study: Study) -> list[Section]:
        batches = study.batches.select_related("job").order_by("-created_at")
        open_ones = list(study.attentions.filter(cleared_at=None).order_by("-since")[:SHOWN])
        return [
            *([table("Needs a person", open_ones, "self since")] if open_ones else []),
            *super().sections(study),
            table(
                "Flow runs, newest first",
                study.flow_runs.order_by("-created_at"),
                "self state requested_by because created_at ended_at error",
            ),
            table("Batches, newest first", batches, "self state job created_at closed_at"),
        ]


def _start(request: HttpRequest, study: Study, deployment: str, subject: str, **more: str) -> HttpResponse:
    run, is_new = ask_for_run(
        deployment=deployment,
        parameters={subject: study.first_accession or study.accession, **more},
        source="admin",
        run_key=str(uuid4()),
        actor=actor_of(request),
        study=study,
    )
    messages.success(request, "Asked for." if is_new else "Such a run is under way: this is it.")
    return leave_for(request, run)
