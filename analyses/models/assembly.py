from django.db import models
from django.db.models import Q

from analyses.models import columns
from analyses.models.mirrored import Mirrored, ResultsArea
from analyses.models.run import Run
from analyses.models.sample import Sample
from analyses.models.study import Study
from ena.models import Visibility


class AssemblerName(models.TextChoices):
    METASPADES = "metaspades"
    MEGAHIT = "megahit"
    SPADES = "spades"
    FLYE = "flye"


class Origin(models.TextChoices):
    """Who assembled: ourselves, or those who submitted it to ENA."""

    MGNIFY = "mgnify"
    ENA = "ena"


class AssemblyState(models.TextChoices):
    """Moves: ``analyses.states``."""

    EXTERNAL = "external"
    PLANNED = "planned"
    BLOCKED = "blocked"
    METADATA_REJECTED = "metadata_rejected"
    DATA_REJECTED = "data_rejected"
    RUNNING = "running"
    PRE_QC_FAILED = "pre_qc_failed"
    FAILED = "failed"
    COMPLETED = "completed"
    POST_QC_FAILED = "post_qc_failed"
    UPLOADING = "uploading"
    UPLOAD_FAILED = "upload_failed"
    UPLOAD_BLOCKED = "upload_blocked"
    UPLOADED = "uploaded"


class Assembler(models.Model):
    """A program that assembles, in one version."""

    name = models.TextField(choices=AssemblerName)
    version = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="analyses_assembler_name_version"),
            columns.one_of("name", AssemblerName, "analyses_assembler_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Assembly(Mirrored):
    """Contigs made of one run or of several: by us, or found in ENA. ``metadata`` is ENA's record and the pipeline's.

    ``assembly_study`` holds the assembly, ``reads_study`` the reads; ``runs_visibility`` is the highest level of its
    runs, kept by a trigger (§4.4). ``first_accession`` is null until ENA gives one. ``runs_key``: sha1 of the sorted
    run accessions. ``state`` moves only through ``analyses.states``.
    """

    origin = models.TextField(choices=Origin, default=Origin.MGNIFY, db_default=Origin.MGNIFY.value)
    reads_study = columns.parent(Study, "assemblies_of_reads", null=True, blank=True)
    reads_study_visibility = columns.level_field(null=True, blank=True)
    assembly_study = columns.parent(Study, "assemblies", null=True, blank=True)
    assembly_study_visibility = columns.level_field(null=True, blank=True)
    sample = columns.parent(Sample, "assemblies", null=True, blank=True)
    sample_visibility = columns.level_field(null=True, blank=True)
    runs = models.ManyToManyField(Run, through="AssemblyRun", related_name="assemblies")
    runs_visibility = columns.level_field(default=Visibility.PUBLIC, db_default=Visibility.PUBLIC.value)
    visibility = columns.greatest_level(
        "reads_study_visibility", "assembly_study_visibility", "sample_visibility", "runs_visibility"
    )
    absent_since = models.DateTimeField(null=True, blank=True)
    assembler = models.ForeignKey(
        Assembler, null=True, blank=True, on_delete=models.PROTECT, related_name="assemblies", db_index=False
    )
    runs_key = models.CharField(max_length=40, null=True, blank=True)
    dir = models.TextField(null=True, blank=True)
    external_results_dir = models.TextField(null=True, blank=True)
    results_area = models.TextField(choices=ResultsArea, default=ResultsArea.NONE, db_default=ResultsArea.NONE.value)
    metadata = models.JSONField(default=dict, db_default={}, blank=True)
    state = models.TextField(
        choices=AssemblyState, default=AssemblyState.PLANNED, db_default=AssemblyState.PLANNED.value, editable=False
    )

    class Meta:
        verbose_name_plural = "assemblies"
        constraints = [
            models.UniqueConstraint(fields=["first_accession"], name="analyses_assembly_first_accession"),
            models.UniqueConstraint(fields=["id", "visibility"], name="analyses_assembly_id_visibility"),
            models.UniqueConstraint(
                fields=["reads_study", "assembler", "runs_key"],
                condition=Q(origin=Origin.MGNIFY.value),
                nulls_distinct=False,
                name="analyses_assembly_made_once",
            ),
            models.CheckConstraint(
                condition=Q(reads_study__isnull=False) | Q(assembly_study__isnull=False),
                name="analyses_assembly_of_a_study",
            ),
            models.CheckConstraint(
                condition=~Q(state=AssemblyState.EXTERNAL.value) | Q(origin=Origin.ENA.value),
                name="analyses_assembly_external_is_enas",
            ),
            columns.own_level_is([Visibility.PUBLIC, Visibility.SUPPRESSED], "analyses_assembly_own_level"),
            columns.one_of("origin", Origin, "analyses_assembly_origin"),
            columns.one_of("state", AssemblyState, "analyses_assembly_state"),
            columns.one_of("results_area", ResultsArea, "analyses_assembly_results_area"),
            columns.stays_inside("external_results_dir", "analyses_assembly_results_inside"),
            columns.json_is("metadata", "object", "analyses_assembly_metadata_object"),
            columns.json_is("inferred_metadata", "object", "analyses_assembly_inferred_object"),
            *columns.accessions_are_clean("analyses_assembly_accessions"),
        ]
        indexes = [
            models.Index(fields=["reads_study", "id"], name="assembly_of_reads_study"),
            models.Index(fields=["assembly_study", "id"], name="assembly_of_assembly_study"),
            models.Index(fields=["sample", "id"], name="assembly_of_sample"),
            models.Index(fields=["assembler"], name="assembly_of_assembler"),
            *columns.public_indexes("assembly", Q(visibility=Visibility.PUBLIC.value)),
            columns.misplaced_index("assembly"),
        ]

    def __str__(self) -> str:
        return self.first_accession or f"assembly {self.pk}"


class AssemblyRun(models.Model):
    """A run that an assembly is made of, at its place among them (from 1), with the run's level."""

    assembly = models.ForeignKey(Assembly, on_delete=models.CASCADE, related_name="run_links", db_index=False)
    run = columns.parent(Run, "assembly_links")
    run_visibility = columns.level_field()
    position = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assembly", "run"], name="analyses_assemblyrun_pair"),
            models.UniqueConstraint(fields=["assembly", "position"], name="analyses_assemblyrun_position"),
        ]
        indexes = [models.Index(fields=["run"], name="assemblyrun_of_run")]

    def __str__(self) -> str:
        return f"{self.run_id} at {self.position} of {self.assembly_id}"
