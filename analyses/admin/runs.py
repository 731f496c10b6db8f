from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from analyses.admin.levels import LevelButton
from analyses.models import Run
from ena.readonly_admin import Section, table


@admin.register(Run)
class RunAdmin(LevelButton):
    joins = ("study", "sample")
    list_display = ("first_accession", "study", "sample", "experiment_type", "instrument_platform", "level")
    list_filter = ("experiment_type", "own_visibility")
    search_help_text = "A whole accession"
    fields = (
        ("first_accession", "level", "in_ena"),
        ("study", "sample", "scientific_name"),
        ("experiment_type", "instrument_platform", "instrument_model"),
        ("library_strategy", "library_source", "library_layout"),
        ("ena_accessions", "absent_since"),
        "fastq_files",
        "inferred_metadata",
        "metadata",
        ("created_at", "updated_at"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        runs = super().get_queryset(request)
        return runs.defer("metadata", "inferred_metadata", "fastq_files") if self.is_list(request) else runs

    def sections(self, run: Run) -> list[Section]:
        return [
            table("Analyses", run.analyses.order_by("-pk"), "self pipeline_version experiment_type state updated_at")
        ]
