from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from analyses.admin.moves import MoveButton
from analyses.admin.studies import is_of_study, study_lookup
from analyses.models import Assembly, Study
from analyses.states import move_assembly
from ena.readonly_admin import Section, table


@admin.register(Assembly)
class AssemblyAdmin(MoveButton):
    joins = ("reads_study", "assembly_study", "sample", "assembler")
    list_display = ("__str__", "reads_study", "assembly_study", "origin", "assembler", "where", "level", "updated_at")
    list_filter = ("state", "origin", "own_visibility", "results_area")
    search_help_text = "A whole accession, of the assembly or of one of its studies"
    fields = (
        ("first_accession", "where", "level"),
        ("reads_study", "assembly_study", "sample"),
        ("origin", "assembler", "in_ena"),
        ("ena_accessions", "absent_since"),
        ("results_area", "dir", "external_results_dir"),
        "inferred_metadata",
        "metadata",
        ("created_at", "updated_at"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assembly]:
        assemblies = super().get_queryset(request)
        return assemblies.defer("metadata", "inferred_metadata") if self.is_list(request) else assemblies

    def found_by(self, term: str) -> Q:
        if not is_of_study(term):
            return Q(aliases__accession=term.upper())
        studies = list(Study.objects.filter(study_lookup(term)))  # by their ids both indexes serve
        return Q(reads_study__in=studies) | Q(assembly_study__in=studies)

    def move_row(self, row: Assembly, to: str, **told: Any) -> object:
        return move_assembly(assembly_id=row.pk, to=to, **told)

    def sections(self, assembly: Assembly) -> list[Section]:
        runs = assembly.run_links.select_related("run__study").defer("run__metadata", "run__fastq_files")
        events = assembly.events.order_by("-pk")
        return [
            table("What happened, newest first", events, "created_at from_state to_state actor reason_code note"),
            table("Runs", runs.order_by("position"), "position run run__study run__experiment_type"),
            table("Analyses", assembly.analyses.order_by("-pk"), "self pipeline_version state updated_at"),
        ]
