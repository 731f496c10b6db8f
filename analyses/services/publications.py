"""Papers, and which studies they are about."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from analyses.models import Publication, Study, StudyPublication
from analyses.schemas import PublicationMetadata


@transaction.atomic
def save_publication(
    *, pubmed_id: int, title: str, published_year: int | None = None, metadata: Mapping[str, Any] | None = None
) -> Publication:
    """Enter a paper, or what is now known of it. The same again changes nothing.

    :raises pydantic.ValidationError: names the key of ``metadata`` and what was expected
    """
    known = PublicationMetadata.model_validate(metadata or {}).model_dump(exclude_none=True)
    given = {"title": title.strip(), "published_year": published_year, "metadata": known}
    publication, is_new = Publication.objects.select_for_update().get_or_create(pk=pubmed_id, defaults=given)
    if not is_new:
        Publication.objects.filter(pk=pubmed_id).exclude(**given).update(**given, updated_at=Now())
    publication.refresh_from_db()
    return publication


def link_publication(*, study: Study, publication: Publication) -> bool:
    """Say that a paper is about a study.

    :return: whether that is news
    """
    return StudyPublication.objects.get_or_create(study=study, publication=publication)[1]


@transaction.atomic
def set_studies_of_publication(*, publication: Publication, studies: list[Study]) -> None:
    """Link a paper to these studies and to no others."""
    StudyPublication.objects.filter(publication=publication).exclude(study__in=studies).delete()
    for study in studies:
        link_publication(study=study, publication=publication)
