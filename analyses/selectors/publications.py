from django.db.models import Prefetch, QuerySet
from django.db.models.functions import Lower

from analyses.models import Publication, Study
from analyses.visibility import Actor, visible_to


def list_public(
    *, title: str | None = None, published_after: int | None = None, published_before: int | None = None
) -> QuerySet[Publication]:
    """Papers about public studies, or about none.

    :param title: part of it, in any case
    :param published_after: the first year that counts, ``published_before`` the last
    """
    publications = visible_to(Publication, Actor.anonymous()).order_by("pk")
    if title:
        publications = publications.alias(folded=Lower("title")).filter(folded__contains=title.lower())
    if published_after is not None:
        publications = publications.filter(published_year__gte=published_after)
    if published_before is not None:
        publications = publications.filter(published_year__lte=published_before)
    return publications


def list_of_study(*, study: Study | int, seen_by: Actor) -> QuerySet[Publication]:
    return visible_to(Publication, seen_by).filter(study_links__study=study).order_by("pk")


def seen(*, pubmed_id: int, seen_by: Actor) -> Publication | None:
    return visible_to(Publication, seen_by).filter(pk=pubmed_id).first()


def detail(*, pubmed_id: int, seen_by: Actor) -> Publication | None:
    """The same; ``studies`` holds those that the actor sees."""
    studies = visible_to(Study, seen_by).select_related("biome", "ena_study").order_by("pk")
    return visible_to(Publication, seen_by).filter(pk=pubmed_id).prefetch_related(Prefetch("studies", studies)).first()
