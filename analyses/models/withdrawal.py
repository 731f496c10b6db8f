from django.db import models
from django.db.models.functions import Now

from analyses.models import columns
from ena.models import Noun


class WithdrawalCause(models.TextChoices):
    SUPPRESSED = "suppressed"
    MADE_PRIVATE = "made_private"
    RESET = "reset"
    MERGED = "merged"


class Withdrawal(models.Model):
    """Something that had been public and is no more (``spec/catalogue.md`` §6.6). Only triggers write it."""

    kind = models.TextField(choices=Noun)
    accession = models.TextField()
    cause = models.TextField(choices=WithdrawalCause)
    withdrawn_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            columns.one_of("kind", Noun, "analyses_withdrawal_kind"),
            columns.one_of("cause", WithdrawalCause, "analyses_withdrawal_cause"),
        ]
        indexes = [models.Index(fields=["withdrawn_at", "id"], name="withdrawal_since")]

    def __str__(self) -> str:
        return f"{self.kind} {self.accession}: {self.cause}"
