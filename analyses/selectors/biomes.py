from django.db.models import Q, QuerySet

from analyses.models import Biome
from analyses.models.biome import lineage_to_path


def below(lineage: str, biome: str = "biome__") -> Q:
    """Objects of a biome or of one below it; case and punctuation of the lineage do not matter.

    :param biome: how the filtered model reaches its biome, ``""`` for biomes themselves
    """
    path = lineage_to_path(lineage)
    return Q(**{f"{biome}path": path}) | Q(**{f"{biome}path__startswith": f"{path}."})


def list_biomes(*, lineage: str | None = None, max_depth: int | None = None) -> QuerySet[Biome]:
    """:param max_depth: ``root`` alone is 1"""
    biomes = Biome.objects.order_by("pk")
    if lineage:
        biomes = biomes.filter(below(lineage, biome=""))
    if max_depth is not None:
        biomes = biomes.filter(depth__lte=max_depth)
    return biomes
