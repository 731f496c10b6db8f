"""Papers, and what text mining has found in them (``spec/api-v2.md`` §7.8, §7.9)."""

from typing import Any, Literal

from ninja import Query, Router, Schema

from analyses.models import Publication
from analyses.schemas import PublicationMetadata
from analyses.selectors import publications
from analyses.selectors.narrowing import changed_between
from analyses.services.publication_annotations import refreshed_annotations
from emgapiv2.api.auth import actor_of
from emgapiv2.api.filters import Changed, page_of_changed
from emgapiv2.api.pagination import Page, Paging, page_of
from emgapiv2.api.rendering import Text, or_404, shown
from emgapiv2.api.request import ApiRequest
from emgapiv2.api.schemas import MGnifyStudy
from emgapiv2.api.studies import study_named
from emgapiv2.api.written import key_of

router = Router(tags=["Publications"])
of_study = Router(tags=["Studies", "Publications"])
Order = Literal["published_year", "-published_year", ""]
NOTHING_KNOWN = dict.fromkeys(PublicationMetadata.model_fields)


class MGnifyPublication(Schema):
    """``metadata`` always has all known keys."""

    pubmed_id: int
    title: str
    published_year: int | None = None
    metadata: dict[str, Any]

    @staticmethod
    def resolve_metadata(publication: Publication) -> dict[str, Any]:
        return NOTHING_KNOWN | publication.metadata


class MGnifyPublicationDetail(MGnifyPublication):
    studies: list[MGnifyStudy]


class EuropePmcAnnotationTag(Schema):
    name: str
    uri: str


class EuropePmcAnnotationMention(Schema):
    id: str | None = None
    exact: str
    prefix: str | None = None
    postfix: str | None = None
    section: str | None = None
    type: str
    provider: str = "Metagenomic"
    tags: list[EuropePmcAnnotationTag]


class EuropePmcAnnotation(Schema):
    annotation_text: str
    mentions: list[EuropePmcAnnotationMention]


class EuropePmcAnnotationGroup(Schema):
    annotation_type: str
    title: str
    description: str
    annotations: list[EuropePmcAnnotation]


class PublicationAnnotations(Schema):
    sample_processing: list[EuropePmcAnnotationGroup]
    other: list[EuropePmcAnnotationGroup]


class PublicationFilters(Changed):
    title: Text | None = None
    published_after: int | None = None
    published_before: int | None = None


@router.get("/", response=Page[MGnifyPublication])
def list_mgnify_publications(
    request: ApiRequest, paging: Paging, by: Query[PublicationFilters], order: Order | None = None
) -> dict[str, Any]:
    """List publications about public studies."""
    found = publications.list_public(
        title=by.title, published_after=by.published_after, published_before=by.published_before
    )
    return page_of_changed(changed_between(found, by.updated_since, by.updated_until), by, request, paging, order=order)


@router.get("/{int:pubmed_id}", response=MGnifyPublicationDetail)
def get_mgnify_publication(request: ApiRequest, pubmed_id: int) -> Any:
    """A publication, with its studies."""
    return shown(request, publications.detail(pubmed_id=pubmed_id, seen_by=actor_of(request)))


@router.get("/{int:pubmed_id}/annotations", response=PublicationAnnotations)
def get_mgnify_publication_annotations(request: ApiRequest, pubmed_id: int) -> Any:
    """What Europe PMC has found in a publication."""
    publication = or_404(publications.seen(pubmed_id=pubmed_id, seen_by=actor_of(request)))
    return refreshed_annotations(publication=publication)


@of_study.get("/{accession}/publications/", response=Page[MGnifyPublication])
def list_mgnify_study_publications(request: ApiRequest, accession: str, paging: Paging) -> dict[str, Any]:
    """Publications about a study."""
    actor, study = actor_of(request), key_of(study_named(accession, request))
    return page_of(publications.list_of_study(study=study, seen_by=actor), request, paging)
