from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from analyses.models import RelationType, Sample, SampleRelation, Study
from analyses.selectors.biomes import below
from analyses.visibility import Actor, visible_to


def list_public(*, search: str | None = None, biome_lineage: str | None = None) -> QuerySet[Sample]:
    """Public samples with their ``biome``.

    :param search: part of the title or of an accession
    """
    samples = visible_to(Sample, Actor.anonymous()).select_related("biome").order_by("pk")
    if search:
        samples = samples.filter(search_text__contains=search.lower())
    if biome_lineage:
        samples = samples.filter(below(biome_lineage))
    return samples


def list_of_study(*, study: Study | int, seen_by: Actor) -> QuerySet[Sample]:
    """A study's samples with ``biome`` and ENA's record."""
    samples = visible_to(Sample, seen_by).filter(study_links__study=study)
    return samples.select_related("biome", "ena_sample").order_by("pk")


def seen(*, accession: str, seen_by: Actor) -> Sample | None:
    """One sample by any of its accessions, if the actor sees it."""
    return with_accession(accession=accession.upper(), seen_by=seen_by).first()


def detail(*, accession: str, seen_by: Actor) -> Sample | None:
    """The same with ENA's record; ``studies`` holds those that the actor sees."""
    studies = visible_to(Study, seen_by).select_related("biome", "ena_study").order_by("pk")
    sample = with_accession(accession=accession.upper(), seen_by=seen_by).select_related("biome", "ena_sample")
    return sample.prefetch_related(Prefetch("studies", studies)).first()


def with_accession(*, accession: str, seen_by: Actor) -> QuerySet[Sample]:
    """:param accession: any of its own, in capitals; one row has it, or none"""
    return visible_to(Sample, seen_by).filter(ena_sample__aliases__accession=accession)


def virtual() -> QuerySet[Sample]:
    """Samples that stand for others: they have relations, and all say ``composed_of`` (``spec/catalogue.md`` §5.3)."""
    relations = SampleRelation.objects.filter(declaring_sample=OuterRef("pk"))
    others = relations.exclude(relation_type=RelationType.COMPOSED_OF)
    return Sample.objects.filter(Exists(relations), ~Exists(others)).order_by("pk")
