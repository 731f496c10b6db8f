from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from analyses.models import columns
from analyses.models.assembly import Assembly
from analyses.models.mirrored import ResultsArea
from analyses.models.run import ExperimentType, Run
from analyses.models.sample import Sample
from analyses.models.study import Study
from ena.models import Visibility

SERVED = Q(visibility=Visibility.PUBLIC.value, is_ready=True)


class PipelineVersion(models.TextChoices):
    """In order of release; the position is the rank by which the latest analysis is chosen."""

    V1 = "V1"
    V2 = "V2"
    V3 = "V3"
    V4 = "V4"
    V4_1 = "V4.1"
    V5 = "V5"
    V6 = "V6"
    V6_1 = "V6.1"


class AnalysisState(models.TextChoices):
    """Meanings and moves: ``analyses.states``."""

    PLANNED = "planned"
    BLOCKED = "blocked"
    RUNNING = "running"
    COMPLETED = "completed"
    QC_FAILED = "qc_failed"
    FAILED = "failed"
    CHECK_FAILED = "check_failed"
    IMPORTED = "imported"
    PUBLISHED = "published"


class Analysis(models.Model):
    """One pipeline version over one run or one assembly, ``MGYA…``. ``state`` moves only by ``analyses.states``."""

    accession = columns.mgnify_accession("MGYA")
    study = columns.parent(Study, "analyses")
    study_visibility = columns.level_field()
    sample = models.ForeignKey(Sample, on_delete=models.PROTECT, related_name="analyses")
    run = columns.parent(Run, "analyses", null=True)
    run_visibility = columns.level_field(null=True)
    assembly = columns.parent(Assembly, "analyses", null=True)
    assembly_visibility = columns.level_field(null=True)
    own_visibility = columns.own_level_field()
    visibility = columns.greatest_level("study_visibility", "run_visibility", "assembly_visibility")
    pipeline_version = models.CharField(max_length=5, choices=PipelineVersion)
    experiment_type = models.CharField(max_length=5, choices=ExperimentType)
    state = models.TextField(
        choices=AnalysisState, default=AnalysisState.PLANNED, db_default=AnalysisState.PLANNED.value, editable=False
    )
    is_ready = columns.generated("state", "(%(expressions)s = 'published')", models.BooleanField())
    quality_control = models.JSONField(default=dict, db_default={}, blank=True)
    metadata = models.JSONField(default=dict, db_default={}, blank=True)
    results_dir = models.TextField(null=True, blank=True)
    external_results_dir = models.TextField(null=True, blank=True)
    results_area = models.TextField(choices=ResultsArea, default=ResultsArea.NONE, db_default=ResultsArea.NONE.value)
    superseded_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="supersedes", db_index=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "analyses"
        constraints = [
            models.UniqueConstraint(fields=["accession"], name="analyses_analysis_accession"),
            models.CheckConstraint(
                condition=Q(run__isnull=True, assembly__isnull=False) | Q(run__isnull=False, assembly__isnull=True),
                name="analyses_analysis_one_input",
            ),
            models.UniqueConstraint(
                fields=["run", "pipeline_version"],
                condition=Q(superseded_by__isnull=True),
                name="analyses_analysis_run_version",
            ),
            models.UniqueConstraint(
                fields=["assembly", "pipeline_version"],
                condition=Q(superseded_by__isnull=True),
                name="analyses_analysis_assembly_version",
            ),
            columns.own_level_is(list(Visibility), "analyses_analysis_own_level"),
            columns.one_of("pipeline_version", PipelineVersion, "analyses_analysis_version"),
            columns.one_of("experiment_type", ExperimentType, "analyses_analysis_experiment_type"),
            columns.one_of("state", AnalysisState, "analyses_analysis_state"),
            columns.one_of("results_area", ResultsArea, "analyses_analysis_results_area"),
            columns.stays_inside("external_results_dir", "analyses_analysis_results_inside"),
            columns.json_is("quality_control", "object", "analyses_analysis_qc_object"),
            columns.json_is("metadata", "object", "analyses_analysis_metadata_object"),
        ]
        indexes = [
            models.Index(fields=["study", "id"], name="analysis_of_study"),
            models.Index(fields=["run"], name="analysis_of_run"),
            models.Index(fields=["assembly"], name="analysis_of_assembly"),
            *columns.public_indexes("analysis", SERVED),
            models.Index(fields=["study", "pipeline_version", "id"], condition=SERVED, name="analysis_public_study"),
            models.Index(fields=["pipeline_version", "id"], condition=SERVED, name="analysis_public_version"),
            models.Index(fields=["experiment_type", "id"], condition=SERVED, name="analysis_public_type"),
            models.Index(fields=["state", "id"], condition=~Q(state="published"), name="analysis_unpublished_state"),
            # For the admin, which shows what is not served too.
            models.Index(fields=["pipeline_version", "id"], name="analysis_version"),
            models.Index(fields=["experiment_type", "id"], name="analysis_type"),
            models.Index(fields=["own_visibility", "id"], condition=Q(own_visibility__gt=0), name="analysis_hidden"),
            columns.misplaced_index("analysis"),
        ]

    def __str__(self) -> str:
        return self.accession
