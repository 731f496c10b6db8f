"""``Attention``: what needs a person, opened and cleared by the services that see it."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Attention(models.Model):
    """``cleared_by`` and ``cleared_because`` are empty where its cause went by itself."""

    id = models.BigAutoField(primary_key=True)
    code = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=200)
    study = models.ForeignKey(
        "analyses.Study", null=True, blank=True, on_delete=models.CASCADE, related_name="attentions"
    )
    text = models.TextField()
    since = models.DateTimeField(db_default=Now(), editable=False)
    cleared_at = models.DateTimeField(null=True, blank=True)
    cleared_by = models.CharField(max_length=200, blank=True, default="")
    cleared_because = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code", "subject_kind", "subject_id"],
                condition=Q(cleared_at__isnull=True),
                name="one_open_attention_a_subject",
            )
        ]

    def __str__(self) -> str:
        return self.text
