"""``Duty``: the last word of each loop of the service."""

from django.db import models


class Duty(models.Model):
    name = models.CharField(primary_key=True, max_length=60)
    holder = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    ok_since = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    state = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "duties"

    def __str__(self) -> str:
        return self.name
