from django.db.models import QuerySet

from analyses.models import Run, Sample, Study
from analyses.visibility import Actor, visible_to

UNSHOWN = ("inferred_metadata", "search_text")  # of studies and samples: for curators, and for searches
WIDE = ("metadata", "inferred_metadata", "fastq_files")


def list_public(*, experiment_type: str | None = None, instrument_platform: str | None = None) -> QuerySet[Run]:
    """Public runs with ``study`` and ``sample``; ENA's record is left in the database."""
    runs = _listed(visible_to(Run, Actor.anonymous()))
    if experiment_type:
        runs = runs.filter(experiment_type=experiment_type)
    if instrument_platform:
        runs = runs.filter(instrument_platform=instrument_platform)
    return runs


def list_of_sample(*, sample: Sample | int, seen_by: Actor) -> QuerySet[Run]:
    return _listed(visible_to(Run, seen_by).filter(sample=sample))


def list_of_study(*, study: Study | int, seen_by: Actor) -> QuerySet[Run]:
    return _listed(visible_to(Run, seen_by).filter(study=study))


def with_accession(*, accession: str, seen_by: Actor) -> QuerySet[Run]:
    """:param accession: any of its own, in capitals; one row has it, or none"""
    return visible_to(Run, seen_by).filter(aliases__accession=accession)


def detail(*, accession: str, seen_by: Actor) -> Run | None:
    """One run by its accession, with ``study`` and ``sample`` and all that these show.

    Whoever sees a run sees both: the database holds its level at theirs and its sample in its study.
    """
    runs = with_accession(accession=accession.upper(), seen_by=seen_by)
    return runs.select_related("study__biome", "study__ena_study", "sample__biome").first()


def _listed(runs: QuerySet[Run]) -> QuerySet[Run]:
    unshown = (f"{joined}__{name}" for joined in ("study", "sample") for name in UNSHOWN)
    return runs.select_related("study", "sample").defer(*WIDE, *unshown).order_by("pk")
