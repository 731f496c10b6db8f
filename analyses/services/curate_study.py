"""What a curator says of a study; no look at ENA undoes it."""

from django.db import transaction
from django.db.models import Q

from analyses.models import Biome, Sample, Study


class UnknownBiome(LookupError):
    """No such lineage in the tree."""


def set_study_biome(*, study: Study, lineage: str) -> Study:
    """Say where the samples of a study come from: nothing of it is published before.

    Its samples are told the same, but those that have a biome by another study, or are more visible than this one.

    :raises UnknownBiome: names the lineage; biomes are never made on the way
    """
    biome = Biome.objects.filter(lineage=lineage).first()
    if biome is None:
        raise UnknownBiome(f"no biome {lineage!r}; lineages look like root:Environmental:Aquatic:Marine")
    with transaction.atomic():
        former = Study.objects.select_for_update().get(pk=study.pk)
        Study.objects.filter(pk=study.pk).exclude(biome=biome).update(biome=biome)
        samples = Sample.objects.filter(studies=study, studies_visibility=former.visibility).exclude(biome=biome)
        samples.filter(Q(biome=None) | Q(biome=former.biome_id)).update(biome=biome)
    study.refresh_from_db()
    return study


def set_study_title(*, study: Study, title: str) -> Study:
    """:param title: the curator's words; none gives the study ENA's title again"""
    curated = title.strip()
    theirs = study.ena_study.title[:4000] if study.ena_study else ""
    told = {"title": curated or theirs, "title_is_curated": bool(curated)}
    Study.objects.filter(pk=study.pk).exclude(**told).update(**told)
    study.refresh_from_db()
    return study
