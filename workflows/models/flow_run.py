"""``FlowRun``: one life of a Prefect flow run; ``FlowCall``: what its body called, decided once."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

FINAL = ["completed", "failed", "cancelled", "refused"]


class FlowRun(models.Model):
    class State(models.TextChoices):
        REQUESTED = "requested"
        LAUNCHING = "launching"
        LAUNCHED = "launched"
        RUNNING = "running"
        SUSPENDED = "suspended"
        COMPLETED = "completed"
        FAILED = "failed"
        CRASHED = "crashed"
        CANCELLED = "cancelled"
        REFUSED = "refused"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    prefect_id = models.UUIDField(null=True, blank=True)
    generation = models.PositiveSmallIntegerField(default=1)
    deployment = models.CharField(max_length=100)
    parameters = models.JSONField(default=dict)
    source = models.CharField(max_length=60)
    run_key = models.CharField(max_length=300)
    number = models.PositiveSmallIntegerField(default=1)
    live_key = models.CharField(max_length=200, null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.REQUESTED)
    study = models.ForeignKey(
        "analyses.Study", null=True, blank=True, on_delete=models.SET_NULL, related_name="flow_runs"
    )
    requested_by = models.CharField(max_length=200, blank=True)
    because = models.CharField(max_length=500, blank=True)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=1000, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    execution = models.PositiveIntegerField(default=0)
    beat_at = models.DateTimeField(null=True, blank=True)
    revivals = models.PositiveSmallIntegerField(default=0)
    waiting = models.BooleanField(default=False)
    suspensions = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["prefect_id", "generation"], name="one_row_a_life"),
            models.UniqueConstraint(fields=["source", "run_key", "number"], name="one_run_a_request"),
            models.UniqueConstraint(fields=["live_key"], condition=~Q(state__in=FINAL), name="one_live_run_a_subject"),
            models.CheckConstraint(
                condition=Q(state__in=FINAL, ended_at__isnull=False) | (~Q(state__in=FINAL) & Q(ended_at__isnull=True)),
                name="flow_run_ended_at_iff_final",
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=Q(state="requested"), name="flow_run_due"),
            models.Index(fields=["id"], condition=~Q(state__in=FINAL), name="flow_run_live"),
            models.Index(fields=["-created_at", "-id"], name="flow_run_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.deployment} ({self.state})"


class FlowCall(models.Model):
    class Decided(models.TextChoices):
        SUBMITTED = "submitted"
        ADOPTED = "adopted"
        REUSED = "reused"

    id = models.BigAutoField(primary_key=True)
    flow_run = models.ForeignKey(FlowRun, on_delete=models.CASCADE, related_name="calls", db_index=False)
    call_key = models.CharField(max_length=260)
    job = models.ForeignKey("ClusterJob", null=True, on_delete=models.PROTECT, related_name="calls")
    child = models.ForeignKey(FlowRun, null=True, on_delete=models.PROTECT, related_name="callers")
    decision = models.CharField(max_length=9, choices=Decided.choices)
    awaited = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["flow_run", "call_key"], name="one_call_a_key"),
            models.CheckConstraint(
                condition=Q(job__isnull=False, child__isnull=True) | Q(job__isnull=True, child__isnull=False),
                name="call_has_job_or_child",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.call_key} ({self.decision})"
