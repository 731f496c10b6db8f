from django.db import models
from django.db.models import Q

from analyses.models import columns
from analyses.models.mirrored import Mirrored
from analyses.models.sample import Sample
from analyses.models.study import Study
from ena.models import Visibility

PUBLIC = Q(visibility=Visibility.PUBLIC.value)


class ExperimentType(models.TextChoices):
    """The API shows the label, filters take the code (§7.1)."""

    METATRANSCRIPTOMIC = "METAT", "Metatranscriptomic"
    METAGENOMIC = "METAG", "Metagenomic"
    AMPLICON = "AMPLI", "Amplicon"
    ASSEMBLY = "ASSEM", "Assembly"
    HYBRID_ASSEMBLY = "HYASS", "Hybrid assembly"
    LONG_READ_ASSEMBLY = "LRASS", "Long-read assembly"
    METABARCODING = "METAB", "Metabarcoding"
    UNKNOWN = "UNKNO", "Unknown"


class Run(Mirrored):
    """ENA's record of a run and our decisions about it, in one row.

    The typed columns are filled by the loader from ``metadata``, which holds the whole record.
    ``fastq_files``: the files chosen by ``ena.files``, each a ``schemas.FastqFile``; empty = none can be used.
    """

    study = columns.parent(Study, "runs")
    study_visibility = columns.level_field()
    sample = columns.parent(Sample, "runs")
    sample_visibility = columns.level_field()
    visibility = columns.greatest_level("study_visibility", "sample_visibility")
    first_accession = models.TextField()
    absent_since = models.DateTimeField(null=True, blank=True)
    metadata = models.JSONField(default=dict, db_default={}, blank=True)
    experiment_type = models.CharField(
        max_length=5, choices=ExperimentType, default=ExperimentType.UNKNOWN, db_default=ExperimentType.UNKNOWN.value
    )
    instrument_platform = models.TextField(null=True, blank=True)
    instrument_model = models.TextField(null=True, blank=True)
    library_strategy = models.TextField(null=True, blank=True)
    library_source = models.TextField(null=True, blank=True)
    library_layout = models.TextField(null=True, blank=True)
    scientific_name = models.TextField(null=True, blank=True)
    fastq_files = models.JSONField(default=list, db_default=[], blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first_accession"], name="analyses_run_first_accession"),
            models.UniqueConstraint(fields=["id", "visibility"], name="analyses_run_id_visibility"),
            columns.own_level_is([Visibility.PUBLIC, Visibility.SUPPRESSED], "analyses_run_own_level"),
            columns.one_of("experiment_type", ExperimentType, "analyses_run_experiment_type"),
            columns.json_is("metadata", "object", "analyses_run_metadata_object"),
            columns.json_is("inferred_metadata", "object", "analyses_run_inferred_object"),
            columns.json_is("fastq_files", "array", "analyses_run_fastq_array"),
            *columns.accessions_are_clean("analyses_run_accessions"),
        ]
        indexes = [
            models.Index(fields=["study", "id"], name="run_of_study"),
            models.Index(fields=["sample", "id"], name="run_of_sample"),
            *columns.public_indexes("run", PUBLIC),
            models.Index(fields=["experiment_type", "id"], condition=PUBLIC, name="run_public_type"),
            models.Index(fields=["instrument_platform", "id"], condition=PUBLIC, name="run_public_platform"),
            # For the admin, which shows what is not served too.
            models.Index(fields=["experiment_type", "id"], name="run_type"),
            models.Index(fields=["own_visibility", "id"], condition=Q(own_visibility__gt=0), name="run_hidden"),
        ]

    def __str__(self) -> str:
        return self.first_accession
