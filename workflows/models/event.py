"""``WorkEvent``: every change of state in this room, append-only."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class WorkEvent(models.Model):
    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey("ClusterJob", null=True, on_delete=models.CASCADE, related_name="events")
    attempt = models.ForeignKey("ClusterJobAttempt", null=True, on_delete=models.CASCADE, related_name="events")
    flow_run = models.ForeignKey("FlowRun", null=True, on_delete=models.CASCADE, related_name="events")
    batch = models.ForeignKey("Batch", null=True, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=200)
    kind = models.CharField(max_length=60)
    from_state = models.CharField(max_length=12, null=True, blank=True)
    to_state = models.CharField(max_length=12, null=True, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(job__isnull=False)
                | Q(attempt__isnull=False)
                | Q(flow_run__isnull=False)
                | Q(batch__isnull=False),
                name="event_is_about_something",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.from_state} → {self.to_state} by {self.actor}"
