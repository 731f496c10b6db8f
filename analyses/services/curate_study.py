"""What a curator says of a study; no look at ENA undoes it."""

from analyses.models import Biome, Study


class UnknownBiome(LookupError):
    """No such lineage in the tree."""


def set_study_biome(*, study: Study, lineage: str) -> Study:
    """Say where the samples of a study come from: nothing of it is published before.

    :raises UnknownBiome: names the lineage; biomes are never made on the way
    """
    biome = Biome.objects.filter(lineage=lineage).first()
    if biome is None:
        raise UnknownBiome(f"no biome {lineage!r}; lineages look like root:Environmental:Aquatic:Marine")
    Study.objects.filter(pk=study.pk).exclude(biome=biome).update(biome=biome)
    study.refresh_from_db()
    return study


def set_study_title(*, study: Study, title: str) -> Study:
    """:param title: the curator's words; none gives the study ENA's title again"""
    curated = title.strip()
    theirs = study.ena_study.title[:4000] if study.ena_study else ""
    Study.objects.filter(pk=study.pk).update(title=curated or theirs, title_is_curated=bool(curated))
    study.refresh_from_db()
    return study
