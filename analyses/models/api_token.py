import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class ApiToken(models.Model):
    """A program's key to the API. The key itself is shown once and never stored: only its SHA-256 is."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    token_hash = models.CharField(max_length=64)
    prefix = models.CharField(max_length=8)
    owner_webin = models.CharField(max_length=25, null=True, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE)
    scopes = ArrayField(models.CharField(max_length=10), default=list)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token_hash"], name="analyses_apitoken_hash"),
            models.CheckConstraint(
                condition=Q(owner_webin__isnull=False, user__isnull=True)
                | Q(owner_webin__isnull=True, user__isnull=False),
                name="analyses_apitoken_one_holder",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}"
