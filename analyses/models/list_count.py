from django.db import models


class ListCount(models.Model):
    """How many rows a list of the API had. ``key`` is a digest of its question; an estimate is the planner's."""

    key = models.CharField(max_length=64, primary_key=True)
    count = models.BigIntegerField()
    is_estimate = models.BooleanField(default=False)
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.count} at {self.counted_at}"
