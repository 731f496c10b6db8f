"""Where the samples of a study come from, as a curator says: nothing of it is published before."""

from analyses.models import Biome, Study


class UnknownBiome(LookupError):
    """No such lineage in the tree."""


def set_study_biome(*, study: Study, lineage: str) -> Study:
    """:raises UnknownBiome: names the lineage; biomes are never made on the way"""
    biome = Biome.objects.filter(lineage=lineage).first()
    if biome is None:
        raise UnknownBiome(f"no biome {lineage!r}; lineages look like root:Environmental:Aquatic:Marine")
    Study.objects.filter(pk=study.pk).exclude(biome=biome).update(biome=biome)
    study.refresh_from_db()
    return study
