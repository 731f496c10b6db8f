"""``Batch``: members of one study run by one pipeline in one Nextflow session; ``BatchMember``: one of them.

``parent``: the stage before, on whose results an add-on works.
"""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

SUBJECTS = ("run", "assembly", "sample")


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
    parent = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="stage")
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
        indexes = [
            models.Index(fields=["-created_at", "id"], name="batch_newest"),
            models.Index(fields=["key"], name="batch_key"),
        ]

    def __str__(self) -> str:
        return f"{self.slug} {self.key} ({self.state})"


def only(subject: str) -> Q:
    return Q(**{f"{name}__isnull": name != subject for name in SUBJECTS})


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
    assembly = models.ForeignKey("analyses.Assembly", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    sample = models.ForeignKey("analyses.Sample", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    analysis = models.ForeignKey(
        "analyses.Analysis", null=True, blank=True, on_delete=models.PROTECT, related_name="memberships"
    )
    product_assembly = models.ForeignKey(
        "analyses.Assembly", null=True, blank=True, on_delete=models.PROTECT, related_name="memberships"
    )
    verdict = models.CharField(max_length=12, choices=Verdict.choices, null=True, blank=True)
    reason_code = models.CharField(max_length=60, blank=True)
    word = models.CharField(max_length=60, blank=True)
    faults = models.JSONField(default=list)
    evidence = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    edits = models.JSONField(default=dict)  # cells of its line that a person wrote, by column
    rounds = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=only("run") | only("assembly") | only("sample"), name="member_has_one_subject"
            ),
            *(
                models.UniqueConstraint(
                    fields=["batch", subject],
                    condition=Q(**{f"{subject}__isnull": False}),
                    name=f"member_{subject}_once_a_batch",
                )
                for subject in SUBJECTS
            ),
            *(
                models.UniqueConstraint(
                    fields=["slug", subject],
                    condition=Q(**{"open": True, f"{subject}__isnull": False}),
                    name=f"{subject}_in_one_open_batch_a_slug",
                )
                for subject in SUBJECTS
            ),
        ]

    def __str__(self) -> str:
        return f"{self.accession} ({self.verdict or 'unfinished'})"

    @property
    def accession(self) -> str:
        """The subject's preferred accession."""
        return str((self.run or self.assembly or self.sample).first_accession)
