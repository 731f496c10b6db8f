from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from analyses.models import columns
from analyses.models.analysis import Analysis, AnalysisState
from analyses.models.assembly import Assembly, AssemblyState


class ReasonCode(models.TextChoices):
    """Why an analysis or an assembly stopped (§6.3); the last four are refusals of ``ena.files``."""

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


class StateEvent(models.Model):
    """One move: who, when and why. Append only; the last one of an object tells its state. ``note`` stays inside."""

    reason_code = models.TextField(null=True)
    note = models.TextField(default="", db_default="")
    actor = models.TextField()
    flow_run_id = models.UUIDField(null=True)
    cluster_job_id = models.UUIDField(null=True)
    evidence = models.JSONField(default=dict, db_default={})
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True


def _reason_is_known(states_with_words: list[str], name: str) -> models.CheckConstraint:
    """A pipeline's own words for its verdicts are known to its declaration, not to this room."""
    known = Q(reason_code__in=ReasonCode.values) | Q(reason_code__isnull=True)
    return models.CheckConstraint(condition=known | Q(to_state__in=states_with_words), name=name)


class AnalysisEvent(StateEvent):
    analysis = models.ForeignKey(Analysis, on_delete=models.PROTECT, related_name="events", db_index=False)
    from_state = models.TextField(choices=AnalysisState, null=True)
    to_state = models.TextField(choices=AnalysisState)

    class Meta:
        constraints = [
            columns.one_of("from_state", AnalysisState, "analyses_analysisevent_from"),
            columns.one_of("to_state", AnalysisState, "analyses_analysisevent_to"),
            _reason_is_known(["completed", "qc_failed"], "analyses_analysisevent_reason"),
            columns.json_is("evidence", "object", "analyses_analysisevent_evidence_object"),
        ]
        indexes = [models.Index(fields=["analysis", "id"], name="analysisevent_of_analysis")]

    def __str__(self) -> str:
        return f"{self.analysis_id}: {self.from_state} to {self.to_state}"


class AssemblyEvent(StateEvent):
    assembly = models.ForeignKey(Assembly, on_delete=models.PROTECT, related_name="events", db_index=False)
    from_state = models.TextField(choices=AssemblyState, null=True)
    to_state = models.TextField(choices=AssemblyState)

    class Meta:
        constraints = [
            columns.one_of("from_state", AssemblyState, "analyses_assemblyevent_from"),
            columns.one_of("to_state", AssemblyState, "analyses_assemblyevent_to"),
            _reason_is_known(["completed", "pre_qc_failed", "post_qc_failed"], "analyses_assemblyevent_reason"),
            columns.json_is("evidence", "object", "analyses_assemblyevent_evidence_object"),
        ]
        indexes = [models.Index(fields=["assembly", "id"], name="assemblyevent_of_assembly")]

    def __str__(self) -> str:
        return f"{self.assembly_id}: {self.from_state} to {self.to_state}"
