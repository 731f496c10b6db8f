from django.db import models
from django.db.models import Q

from analyses.models import columns
from analyses.models.assembly import Assembler
from analyses.models.biome import Biome


class Process(models.TextChoices):
    ASSEMBLY = "ASSEM", "Assembly"


class ComputeResourceHeuristic(models.Model):
    """How much memory assembling takes below a biome, with one assembler or (null) with any."""

    process = models.CharField(max_length=5, choices=Process, default=Process.ASSEMBLY)
    biome = models.ForeignKey(Biome, on_delete=models.CASCADE, related_name="heuristics", db_index=False)
    assembler = models.ForeignKey(
        Assembler, null=True, blank=True, on_delete=models.CASCADE, related_name="heuristics", db_index=False
    )
    memory_gib = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["biome", "process", "assembler"],
                nulls_distinct=False,
                name="analyses_computeresourceheuristic_once",
            ),
            models.CheckConstraint(
                condition=Q(memory_gib__gt=0, memory_gib__lt=float("inf")),
                name="analyses_computeresourceheuristic_memory",
            ),
            columns.one_of("process", Process, "analyses_computeresourceheuristic_process"),
        ]

    def __str__(self) -> str:
        return f"{self.get_process_display()} below {self.biome_id}: {self.memory_gib} GiB"
