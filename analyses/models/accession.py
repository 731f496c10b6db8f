from django.db import models
from django.db.models import Q

from analyses.models.assembly import Assembly
from analyses.models.run import Run


class Accession(models.Model):
    """One accession of one run or assembly; the only place where either is looked up."""

    accession = models.TextField(primary_key=True)
    run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.CASCADE, related_name="aliases")
    assembly = models.ForeignKey(Assembly, null=True, blank=True, on_delete=models.CASCADE, related_name="aliases")
    is_primary = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(run__isnull=True, assembly__isnull=False) | Q(run__isnull=False, assembly__isnull=True),
                name="analyses_accession_of_one_object",
            ),
            models.UniqueConstraint(
                fields=["run"], condition=Q(is_primary=True), name="analyses_accession_run_primary"
            ),
            models.UniqueConstraint(
                fields=["assembly"], condition=Q(is_primary=True), name="analyses_accession_assembly_primary"
            ),
        ]

    def __str__(self) -> str:
        return self.accession
