"""The classes in which a job's end is told (``spec/cluster-jobs.md`` §1.2)."""

from django.db import models


class OutcomeClass(models.TextChoices):
    EXIT = "EXIT", "the command's own exit code"
    OOM = "OOM", "out of memory"
    TIMEOUT = "TIMEOUT", "time limit"
    DEADLINE = "DEADLINE", "the scheduler's deadline"
    INFRASTRUCTURE = "INFRASTRUCTURE", "node or scheduler failure"
    LOST = "LOST", "nobody knows the job any more"
    PREEMPTED = "PREEMPTED", "made way for another job"
    REFUSED = "REFUSED", "the scheduler refused it"
    CANCELLED = "CANCELLED", "cancelled by us"
    CANCELLED_BY_OTHER = "CANCELLED_BY_OTHER", "cancelled by somebody else"
