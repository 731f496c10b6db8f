"""What is known of the memory that assembling takes, said by curators (``spec/catalogue.md`` §5.12)."""

from analyses.models import Assembler, Biome, ComputeResourceHeuristic, Process


def set_memory_to_assemble(*, biome: Biome, assembler: Assembler | None, memory_gib: float) -> ComputeResourceHeuristic:
    """Say what is enough below a biome, with one assembler or with any; a former value is replaced."""
    return ComputeResourceHeuristic.objects.update_or_create(
        process=Process.ASSEMBLY, biome=biome, assembler=assembler, defaults={"memory_gib": memory_gib}
    )[0]


def forget_memory_to_assemble(*, heuristic: ComputeResourceHeuristic) -> None:
    """The nearest value above it holds again."""
    heuristic.delete()
