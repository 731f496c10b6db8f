"""``Decision``: a question to a person, asked once, answered once."""

import uuid

from django.db import models
from django.db.models.functions import Now


class Decision(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    question = models.CharField(max_length=60)
    subject = models.CharField(max_length=200)
    generation = models.PositiveSmallIntegerField(default=1)
    form = models.JSONField()  # JSON Schema of the answer
    initial = models.JSONField(default=dict)
    why = models.TextField(blank=True)  # markdown, shown above the form
    flow_run = models.ForeignKey("FlowRun", null=True, on_delete=models.SET_NULL, related_name="decisions")
    asks = models.PositiveSmallIntegerField(default=0)
    refused = models.TextField(blank=True)  # why the last answer was not taken
    asked_at = models.DateTimeField(db_default=Now(), editable=False)
    answer = models.JSONField(null=True, blank=True)
    answered_by = models.CharField(max_length=200, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    via = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["question", "subject", "generation"], name="one_question_a_generation")
        ]
        indexes = [models.Index(fields=["-asked_at", "-id"], name="decision_newest")]

    def __str__(self) -> str:
        return f"{self.question} for {self.subject}"
