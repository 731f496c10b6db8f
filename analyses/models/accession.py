from django.db import models
from django.db.models import Q

from analyses.models.run import Run


class Accession(models.Model):
    """One accession of one run; the only place where runs are looked up. Assemblies will be a second noun here."""

    accession = models.TextField(primary_key=True)
    run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.CASCADE, related_name="aliases")
    is_primary = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(run__isnull=False), name="analyses_accession_of_one_object"),
            models.UniqueConstraint(
                fields=["run"], condition=Q(is_primary=True), name="analyses_accession_run_primary"
            ),
        ]

    def __str__(self) -> str:
        return self.accession
