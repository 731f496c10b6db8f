"""Refresh what a person or a schedule names: all errors are collected, none stops the rest."""

from collections.abc import Collection, Iterable

from django.db import DatabaseError

from analyses.models import Study
from analyses.services.refresh_study import refresh_study
from ena.accessions import BadAccession, Kind, parse_accession
from ena.errors import EnaError, StudyNotAvailable
from ena.models import Visibility


def refresh_studies(
    *, accessions: Iterable[str], actor: str, only: Collection[str] | None = None
) -> tuple[list[Study], dict[str, str]]:
    """Refresh each study, new ones too.

    :return: the refreshed ones, and of the others why not
    """
    refreshed, failed = [], {}
    for accession in accessions:
        try:
            refreshed.append(refresh_study(accession=accession, actor=actor, only=only))
        except (BadAccession, StudyNotAvailable, EnaError, DatabaseError) as error:
            failed[accession] = str(error)
    return refreshed, failed


def studies_of_samples(*, accessions: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Find the studies whose listings hold these samples.

    :return: accessions of studies, each once, and of the samples that are not here why not
    """
    studies: dict[str, None] = {}
    failed = {}
    for text in accessions:
        try:
            sample = parse_accession(text, [Kind.SAMPLE]).text
        except BadAccession as error:
            failed[text] = str(error)
            continue
        found = Study.objects.filter(samples__ena_sample__aliases__accession=sample, ena_study__isnull=False)
        names = list(found.order_by("pk").values_list("ena_study__accession", flat=True))
        studies |= dict.fromkeys(names)
        if not names:
            failed[text] = f"{sample} is in no study here; refresh its study first"
    return list(studies), failed


def mirrored_studies() -> list[str]:
    """Name every study that ENA shows and we mirror; one that it has withdrawn is looked at, no more."""
    studies = Study.objects.filter(ena_visibility__lt=Visibility.SUPPRESSED, merged_into=None)
    return list(studies.order_by("pk").values_list("ena_study__accession", flat=True))
