from django.db.models import F, Q

from analyses.models import Assembler, Biome, ComputeResourceHeuristic, Process


def memory_to_assemble_gib(*, biome: Biome, assembler: Assembler | None = None) -> float | None:
    """What is known to be enough at the biome, or else at the nearest one above it.

    At one biome a value for the assembler counts more than one for all of them.

    :return: GiB; None if nothing is known the whole way up
    """
    labels = biome.path.split(".")
    way_up = [".".join(labels[: number + 1]) for number in range(len(labels))]
    known = ComputeResourceHeuristic.objects.filter(
        Q(assembler=None) | Q(assembler=assembler), process=Process.ASSEMBLY, biome__path__in=way_up
    )
    nearest = known.order_by("-biome__depth", F("assembler").asc(nulls_last=True))
    return nearest.values_list("memory_gib", flat=True).first()
