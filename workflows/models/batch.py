"""``Batch``: members of one study run by one pipeline in one Nextflow session; ``BatchMember``: one of them."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Batch(models.Model):
    class State(models.TextChoices):
        OPEN = "open"
        DONE = "done"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey("analyses.Study", on_delete=models.PROTECT, related_name="batches", db_index=False)
    slug = models.CharField(max_length=60)
    version = models.CharField(max_length=20)
    revision = models.CharField(max_length=64)
    key = models.CharField(max_length=16)
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    session_id = models.UUIDField()
    round = models.PositiveSmallIntegerField(default=0)
    job = models.ForeignKey("ClusterJob", null=True, blank=True, on_delete=models.PROTECT, related_name="batches")
    base_dir = models.TextField()
    work_dir = models.TextField()
    flow_run = models.ForeignKey("FlowRun", null=True, blank=True, on_delete=models.SET_NULL, related_name="batches")
    requested_by = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "batches"
        constraints = [
            models.UniqueConstraint(fields=["study", "slug", "key"], name="one_batch_a_key"),
            models.UniqueConstraint(fields=["session_id"], name="one_batch_a_session"),
            models.UniqueConstraint(fields=["work_dir"], name="one_batch_a_work_dir"),
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True) | (~Q(state="open") & Q(closed_at__isnull=False)),
                name="batch_closed_at_iff_closed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.slug} {self.key} ({self.state})"


class BatchMember(models.Model):
    class Verdict(models.TextChoices):
        COMPLETED = "completed"
        QC_FAILED = "qc_failed"
        CHECK_FAILED = "check_failed"
        FAILED = "failed"
        BLOCKED = "blocked"
        SKIPPED = "skipped"

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="members")
    slug = models.CharField(max_length=60)
    open = models.BooleanField(default=True)
    run = models.ForeignKey("analyses.Run", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    sample = models.ForeignKey("analyses.Sample", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    analysis = models.ForeignKey(
        "analyses.Analysis", null=True, blank=True, on_delete=models.PROTECT, related_name="memberships"
    )
    verdict = models.CharField(max_length=12, choices=Verdict.choices, null=True, blank=True)
    reason_code = models.CharField(max_length=60, blank=True)
    word = models.CharField(max_length=60, blank=True)
    faults = models.JSONField(default=list)
    evidence = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    rounds = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(run__isnull=False, sample__isnull=True) | Q(run__isnull=True, sample__isnull=False),
                name="member_has_one_subject",
            ),
            models.UniqueConstraint(
                fields=["batch", "run"], condition=Q(run__isnull=False), name="member_run_once_a_batch"
            ),
            models.UniqueConstraint(
                fields=["batch", "sample"], condition=Q(sample__isnull=False), name="member_sample_once_a_batch"
            ),
            models.UniqueConstraint(
                fields=["slug", "run"], condition=Q(open=True, run__isnull=False), name="run_in_one_open_batch_a_slug"
            ),
            models.UniqueConstraint(
                fields=["slug", "sample"],
                condition=Q(open=True, sample__isnull=False),
                name="sample_in_one_open_batch_a_slug",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.accession} ({self.verdict or 'unfinished'})"

    @property
    def accession(self) -> str:
        """The subject's preferred accession."""
        return str((self.run or self.sample).first_accession)
