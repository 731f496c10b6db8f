from django.contrib import admin

from analyses.admin.levels import LevelButton
from analyses.models import Sample
from ena.readonly_admin import Section, table


@admin.register(Sample)
class SampleAdmin(LevelButton):
    joins = ("biome", "ena_sample")
    list_display = ("first_accession", "sample_title", "biome", "level", "updated_at")
    list_filter = ("own_visibility", "studies_visibility")
    search_help_text = "A whole accession"
    accession_path = "ena_sample__aliases__accession"
    fields = (
        ("first_accession", "level", "in_ena"),
        ("sample_title", "biome"),
        ("ena_accessions", "ena_sample", "absent_since"),
        "inferred_metadata",
        ("created_at", "updated_at"),
    )

    def sections(self, sample: Sample) -> list[Section]:
        runs = sample.runs.select_related("study").defer("metadata", "fastq_files").order_by("pk")
        return [
            table("Studies", sample.studies.order_by("pk"), "self title"),
            table("Runs", runs, "self study experiment_type instrument_platform"),
        ]
