from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from analyses.models.columns import (
    generated,
    greatest_level,
    json_is,
    level_field,
    mgnify_accession,
    misplaced_index,
    one_of,
    own_level_field,
    own_level_is,
    public_indexes,
    stays_inside,
)
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


class ReasonCode(models.TextChoices):
    """Why an analysis stopped (§6.3); the last four are refusals of ``ena.files``."""

    SEQFU_FAIL = "seqfu_fail"
    SFXHD_FAIL = "sfxhd_fail"
    LIBSTRAT_FAIL = "libstrat_fail"
    NO_READS = "no_reads"
    MISSING_IN_REPORT = "missing_in_report"
    PIPELINE_FAILED = "pipeline_failed"
    OUT_OF_MEMORY = "out_of_memory"
    TIMEOUT = "timeout"
    NODE_FAILURE = "node_failure"
    CANCELLED = "cancelled"
    OUTPUTS_INVALID = "outputs_invalid"
    IMPORT_ERROR = "import_error"
    COPY_UNVERIFIED = "copy_unverified"
    SUPERSEDED = "superseded"
    CURATOR = "curator"
    NO_FASTQ = "no_fastq"
    LISTS_DIFFER = "lists_differ"
    SECOND_MATE_ONLY = "second_mate_only"
    MATE_MISSING = "mate_missing"


class Analysis(models.Model):
    """One pipeline version over one run, ``MGYA…``. ``state`` moves only through ``analyses.states``.

    Assemblies become the second kind of input: until then every analysis has a run.
    """

    accession = mgnify_accession("MGYA")
    study = models.ForeignKey(
        Study, on_delete=models.PROTECT, related_name="analyses", db_constraint=False, db_index=False
    )
    study_visibility = level_field()
    sample = models.ForeignKey(Sample, on_delete=models.PROTECT, related_name="analyses")
    run = models.ForeignKey(
        Run, null=True, on_delete=models.PROTECT, related_name="analyses", db_constraint=False, db_index=False
    )
    run_visibility = level_field(null=True)
    own_visibility = own_level_field()
    visibility = greatest_level("study_visibility", "run_visibility")
    pipeline_version = models.CharField(max_length=5, choices=PipelineVersion)
    experiment_type = models.CharField(max_length=5, choices=ExperimentType)
    state = models.TextField(
        choices=AnalysisState, default=AnalysisState.PLANNED, db_default=AnalysisState.PLANNED.value, editable=False
    )
    is_ready = generated("state", "(%(expressions)s = 'published')", models.BooleanField())
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
            models.CheckConstraint(condition=Q(run__isnull=False), name="analyses_analysis_one_input"),
            models.UniqueConstraint(
                fields=["run", "pipeline_version"],
                condition=Q(superseded_by__isnull=True),
                name="analyses_analysis_run_version",
            ),
            own_level_is(list(Visibility), "analyses_analysis_own_level"),
            one_of("pipeline_version", PipelineVersion, "analyses_analysis_version"),
            one_of("experiment_type", ExperimentType, "analyses_analysis_experiment_type"),
            one_of("state", AnalysisState, "analyses_analysis_state"),
            one_of("results_area", ResultsArea, "analyses_analysis_results_area"),
            stays_inside("external_results_dir", "analyses_analysis_results_inside"),
            json_is("quality_control", "object", "analyses_analysis_qc_object"),
            json_is("metadata", "object", "analyses_analysis_metadata_object"),
        ]
        indexes = [
            models.Index(fields=["study", "id"], name="analysis_of_study"),
            models.Index(fields=["run"], name="analysis_of_run"),
            *public_indexes("analysis", SERVED),
            models.Index(fields=["study", "pipeline_version", "id"], condition=SERVED, name="analysis_public_study"),
            models.Index(fields=["pipeline_version", "id"], condition=SERVED, name="analysis_public_version"),
            models.Index(fields=["experiment_type", "id"], condition=SERVED, name="analysis_public_type"),
            models.Index(fields=["state", "id"], condition=Q(is_ready=False), name="analysis_unready_state"),
            misplaced_index("analysis"),
        ]

    def __str__(self) -> str:
        return self.accession


class AnalysisEvent(models.Model):
    """One move of an analysis: who, when and why. Append only; the last one tells the state. ``note`` stays inside."""

    analysis = models.ForeignKey(Analysis, on_delete=models.PROTECT, related_name="events", db_index=False)
    from_state = models.TextField(choices=AnalysisState, null=True)
    to_state = models.TextField(choices=AnalysisState)
    reason_code = models.TextField(null=True)
    note = models.TextField(default="", db_default="")
    actor = models.TextField()
    flow_run_id = models.UUIDField(null=True)
    cluster_job_id = models.UUIDField(null=True)
    evidence = models.JSONField(default=dict, db_default={})
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            one_of("from_state", AnalysisState, "analyses_analysisevent_from"),
            one_of("to_state", AnalysisState, "analyses_analysisevent_to"),
            models.CheckConstraint(
                # A pipeline's own words for its verdicts are known to its declaration, not to this room.
                condition=Q(reason_code__in=ReasonCode.values)
                | Q(reason_code__isnull=True)
                | Q(to_state__in=["completed", "qc_failed"]),
                name="analyses_analysisevent_reason",
            ),
            json_is("evidence", "object", "analyses_analysisevent_evidence_object"),
        ]
        indexes = [models.Index(fields=["analysis", "id"], name="analysisevent_of_analysis")]

    def __str__(self) -> str:
        return f"{self.analysis_id}: {self.from_state} to {self.to_state}"
