from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from analyses.admin.moves import MoveButton
from analyses.admin.studies import is_of_study, study_lookup
from analyses.models import Analysis
from analyses.states import move_analysis
from ena.readonly_admin import Section, table


@admin.register(Analysis)
class AnalysisAdmin(MoveButton):
    joins = ("study", "sample", "run", "assembly", "superseded_by")
    list_display = (
        "accession",
        "study",
        "run",
        "assembly",
        "pipeline_version",
        "experiment_type",
        "where",
        "level",
        "updated_at",
    )
    list_filter = ("state", "pipeline_version", "experiment_type", "own_visibility")
    search_help_text = "A whole accession: MGYA…, of the run, the assembly or the study"
    fields = (
        ("accession", "where", "level"),
        ("study", "sample", "run", "assembly"),
        ("pipeline_version", "experiment_type", "superseded_by"),
        ("results_area", "results_dir", "external_results_dir"),
        "quality_control",
        "metadata",
        ("created_at", "updated_at"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Analysis]:
        analyses = super().get_queryset(request)
        wide = ("quality_control", "metadata", "run__metadata", "run__fastq_files", "assembly__metadata")
        return analyses.defer(*wide) if self.is_list(request) else analyses

    def found_by(self, term: str) -> Q:
        term = term.upper()
        if term.startswith("MGYA"):
            return Q(accession=term)
        if is_of_study(term):
            return study_lookup(term, "study")
        return Q(assembly__aliases__accession=term) if term[1:3] == "RZ" else Q(run__aliases__accession=term)

    def move_row(self, row: Analysis, to: str, **told: Any) -> object:
        return move_analysis(analysis_id=row.pk, to=to, **told)

    def sections(self, analysis: Analysis) -> list[Section]:
        events = analysis.events.order_by("-pk")
        sets = analysis.annotation_sets.defer("records").order_by("source")
        files = analysis.downloads.filter(superseded_by=None).order_by("position")
        return [
            table("What happened, newest first", events, "created_at from_state to_state actor reason_code note"),
            table("Annotations", sets, "source record_count count_total imported_at"),
            table("Downloads", files, "alias download_group size_bytes sha256 verified_at"),
        ]
