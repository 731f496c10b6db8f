"""What ENA said, when it said it, and what we concluded (``spec/ena.md`` §4). No decision of MGnify lives here."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Visibility(models.IntegerChoices):
    """A level. The higher one wins wherever an object depends on several."""

    PUBLIC = 0, "public"
    PRIVATE = 1, "private"
    SUPPRESSED = 2, "suppressed"


class SyncKind(models.TextChoices):
    LOOK = "look"
    SAMPLES = "samples"
    RUNS = "runs"
    ASSEMBLIES = "assemblies"
    SWEEP = "pass", "pass over all studies"


class Outcome(models.TextChoices):
    COMPLETE = "complete"
    PARTIAL = "partial"
    HELD = "held"
    FAILED = "failed"


class Verdict(models.TextChoices):
    PUBLIC = "public"
    PRIVATE = "private"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Noun(models.TextChoices):
    ENA_STUDY = "ena_study"
    STUDY = "study"
    SAMPLE = "sample"
    RUN = "run"
    ASSEMBLY = "assembly"
    ANALYSIS = "analysis"


class Cause(models.TextChoices):
    ENA_PUBLIC = "ena_public"
    ENA_PRIVATE = "ena_private"
    ENA_ABSENT = "ena_absent"
    ENA_SUPPRESSED = "ena_suppressed"
    ENA_KILLED = "ena_killed"
    CURATOR = "curator"
    MERGE = "merge"
    IMPORT = "import"


class Study(models.Model):
    """ENA's record of a study. ``visibility`` is the last certain verdict; null ``certain_at`` means none yet."""

    accession = models.CharField(max_length=32)
    title = models.TextField(default="", blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    webin_owner = models.CharField(max_length=25, null=True, blank=True)
    visibility = models.SmallIntegerField(
        choices=Visibility, default=Visibility.PRIVATE, db_default=Visibility.PRIVATE.value
    )
    absent_since = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    certain_at = models.DateTimeField(null=True, blank=True)
    next_look_at = models.DateTimeField(db_default=Now())
    fetched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "studies"
        constraints = [
            models.UniqueConstraint(fields=["accession"], name="ena_study_accession"),
            # The children of other rooms refer to the pair, so that the database carries the level to them.
            models.UniqueConstraint(fields=["id", "visibility"], name="ena_study_id_visibility"),
            models.CheckConstraint(condition=Q(visibility__in=Visibility.values), name="ena_study_visibility"),
            models.CheckConstraint(
                condition=~Q(visibility=Visibility.SUPPRESSED) | Q(absent_since__isnull=False),
                name="ena_study_suppressed_by_absence",
            ),
            models.CheckConstraint(condition=Q(webin_owner__regex="^Webin-[0-9]+$"), name="ena_study_webin_owner"),
        ]
        indexes = [
            models.Index(fields=["next_look_at", "id"], name="ena_study_due"),
            models.Index(fields=["webin_owner"], condition=Q(webin_owner__isnull=False), name="ena_study_owned"),
        ]

    def __str__(self) -> str:
        return self.accession


class Sample(models.Model):
    """ENA's record of a sample. One that is only named by others has no metadata and was never fetched."""

    accession = models.CharField(max_length=32)
    metadata = models.JSONField(default=dict, blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["accession"], name="ena_sample_accession")]

    def __str__(self) -> str:
        return self.accession


class Accession(models.Model):
    """One accession of one study or sample; the only place where either is looked up."""

    accession = models.CharField(max_length=32, primary_key=True)
    study = models.ForeignKey(Study, null=True, blank=True, on_delete=models.CASCADE, related_name="aliases")
    sample = models.ForeignKey(Sample, null=True, blank=True, on_delete=models.CASCADE, related_name="aliases")
    is_primary = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(study__isnull=True, sample__isnull=False) | Q(study__isnull=False, sample__isnull=True),
                name="ena_accession_of_one_object",
            ),
            models.UniqueConstraint(fields=["study"], condition=Q(is_primary=True), name="ena_accession_study_primary"),
            models.UniqueConstraint(
                fields=["sample"], condition=Q(is_primary=True), name="ena_accession_sample_primary"
            ),
        ]

    def __str__(self) -> str:
        return self.accession


class SyncRun(models.Model):
    """The evidence of a look, or the report of a mirror. Never holds a credential."""

    kind = models.TextField(choices=SyncKind)
    study = models.ForeignKey(Study, null=True, blank=True, on_delete=models.CASCADE, related_name="sync_runs")
    outcome = models.TextField(choices=Outcome)
    verdict = models.TextField(choices=Verdict, null=True, blank=True)
    report = models.JSONField(default=dict, blank=True)
    through = models.DateField(null=True, blank=True)
    actor = models.TextField()
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=SyncKind.values), name="ena_syncrun_kind"),
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="ena_syncrun_outcome"),
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="ena_syncrun_verdict"),
        ]
        indexes = [models.Index(fields=["study", "kind", "id"], name="ena_syncrun_of_study")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}: {self.outcome}"


class VisibilityEvent(models.Model):
    """A level that moved. Append only: an object's own level is the last event's ``to_level``."""

    noun = models.TextField(choices=Noun)
    object_id = models.BigIntegerField()
    accession = models.TextField()
    from_level = models.SmallIntegerField(choices=Visibility)
    to_level = models.SmallIntegerField(choices=Visibility)
    cause = models.TextField(choices=Cause)
    actor = models.TextField()
    sync_run = models.ForeignKey(SyncRun, null=True, blank=True, on_delete=models.SET_NULL, related_name="events")
    note = models.TextField(default="", db_default="", blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(noun__in=Noun.values), name="ena_visibilityevent_noun"),
            models.CheckConstraint(condition=Q(cause__in=Cause.values), name="ena_visibilityevent_cause"),
        ]
        indexes = [models.Index(fields=["noun", "object_id", "id"], name="ena_visibilityevent_of_object")]

    def __str__(self) -> str:
        return f"{self.accession}: {self.from_level} to {self.to_level} ({self.cause})"


class Throttle(models.Model):
    """When the next request may leave, for all processes together; none before ``open_until``, if many failed."""

    key = models.TextField(primary_key=True)
    next_slot_at = models.DateTimeField(db_default=Now())
    failures = models.PositiveIntegerField(default=0, db_default=0)
    open_until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.key
