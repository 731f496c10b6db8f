"""``ClusterJobAttempt``: one try of a job in a scheduler, found there by its token."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from workflows.models.cluster_job import ClusterJob
from workflows.models.outcome import OutcomeClass

FINAL = ["SUCCEEDED", "FAILED", "CANCELLED"]
KNOWN_TO_THE_SCHEDULER = ["HELD", "QUEUED", "RUNNING", "ENDING"]


class ClusterJobAttempt(models.Model):
    class State(models.TextChoices):
        INTENDED = "INTENDED", "waiting"
        SUBMITTING = "SUBMITTING", "submitting"
        HELD = "HELD", "held"
        QUEUED = "QUEUED", "queued"
        RUNNING = "RUNNING", "running"
        ENDING = "ENDING", "ending"
        SUCCEEDED = "SUCCEEDED", "succeeded"
        FAILED = "FAILED", "failed"
        CANCELLED = "CANCELLED", "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job = models.ForeignKey(ClusterJob, on_delete=models.CASCADE, related_name="attempts", db_index=False)
    number = models.PositiveSmallIntegerField()
    token = models.CharField(max_length=26)
    state = models.CharField(max_length=10, choices=State.choices, default=State.INTENDED)
    cluster = models.CharField(max_length=64)
    backend_job_id = models.CharField(max_length=64, null=True, blank=True)
    # Scheduler times are kept as the scheduler gave them (epoch seconds) and compared only with each other.
    submit_time = models.BigIntegerField(null=True, blank=True)
    submissions = models.PositiveSmallIntegerField(default=0)
    lease_owner = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    memory_mib = models.PositiveIntegerField()
    cpus = models.PositiveSmallIntegerField(default=1)
    time_limit_seconds = models.PositiveIntegerField()
    partition = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    released_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    raw_state = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    exit_code = models.IntegerField(null=True, blank=True)
    peak_rss_mib = models.PositiveIntegerField(null=True, blank=True)
    cpu_seconds = models.FloatField(null=True, blank=True)
    node = models.CharField(max_length=200, blank=True)
    missing_since = models.DateTimeField(null=True, blank=True)
    missing_passes = models.PositiveIntegerField(default=0)
    children_live = models.PositiveIntegerField(default=0)
    # By the database clock: when the scheduler was first seen done, and since when no child of the head is seen.
    ending_since = models.DateTimeField(null=True, blank=True)
    childless_since = models.DateTimeField(null=True, blank=True)
    outcome_class = models.CharField(max_length=18, choices=OutcomeClass.choices, null=True, blank=True)
    evidence = models.CharField(max_length=500, blank=True)
    log_tail = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "number"], name="attempt_number_once_a_job"),
            models.UniqueConstraint(fields=["token"], name="attempt_token_once"),
            models.UniqueConstraint(fields=["job"], condition=~Q(state__in=FINAL), name="one_live_attempt_a_job"),
            models.UniqueConstraint(
                fields=["cluster", "backend_job_id", "submit_time"], name="one_attempt_a_scheduler_job"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=KNOWN_TO_THE_SCHEDULER) | Q(backend_job_id__isnull=False),
                name="attempt_has_id_beyond_submitting",
            ),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True) | Q(backend_job_id__isnull=False), name="attempt_released_has_id"
            ),
        ]
        indexes = [
            models.Index(
                fields=["cluster", "backend_job_id"], condition=~Q(state__in=FINAL), name="attempt_live_by_id"
            ),
            models.Index(fields=["state", "not_before"], condition=~Q(state__in=FINAL), name="attempt_live_by_state"),
            # Ended, but accounting has not told its figures yet.
            models.Index(
                fields=["ending_since"],
                condition=Q(ending_since__isnull=False, cpu_seconds__isnull=True),
                name="attempt_wants_figures",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.token} (attempt {self.number}, {self.state.lower()})"
