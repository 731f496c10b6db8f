"""``ClusterJob``: one piece of work that must run once."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from workflows.models.outcome import OutcomeClass


class ClusterJob(models.Model):
    class Kind(models.TextChoices):
        COMMAND = "COMMAND", "command"
        NEXTFLOW = "NEXTFLOW", "Nextflow head"
        COPY = "COPY", "copy of results"

    class Backend(models.TextChoices):
        SLURM = "slurm", "Slurm"
        LOCAL = "local", "this machine"

    class State(models.TextChoices):
        OPEN = "OPEN", "open"
        SUCCEEDED = "SUCCEEDED", "succeeded"
        FAILED = "FAILED", "failed"
        CANCELLED = "CANCELLED", "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    logical_key = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    backend = models.CharField(max_length=5, choices=Backend.choices)
    spec = models.JSONField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    outcome_class = models.CharField(max_length=18, choices=OutcomeClass.choices, null=True, blank=True)
    evidence = models.CharField(max_length=500, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_by = models.CharField(max_length=200, blank=True)
    cancel_reason = models.CharField(max_length=500, blank=True)
    study = models.ForeignKey(
        "analyses.Study", null=True, blank=True, on_delete=models.PROTECT, related_name="cluster_jobs", db_index=False
    )
    priority = models.SmallIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    final_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["logical_key"], condition=Q(state="OPEN"), name="one_open_job_a_key"),
            models.CheckConstraint(
                condition=Q(state="OPEN", final_at__isnull=True) | (~Q(state="OPEN") & Q(final_at__isnull=False)),
                name="job_final_at_iff_final",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["FAILED", "CANCELLED"], outcome_class__isnull=False)
                | Q(state__in=["OPEN", "SUCCEEDED"], outcome_class__isnull=True),
                name="job_outcome_class_iff_not_good",
            ),
        ]
        indexes = [
            models.Index("logical_key", models.F("created_at").desc(), name="job_key_newest"),
            models.Index(fields=["study", "created_at"], name="job_study_created"),
            models.Index(fields=["-created_at", "id"], name="job_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.state.lower()})"

    @property
    def is_final(self) -> bool:
        return self.state != self.State.OPEN
