"""Studies."""

from typing import Any, Literal

from django.http import HttpResponse
from ninja import Query, Router

from analyses.selectors import analyses, samples, studies
from analyses.selectors.questions import Rows
from emgapiv2.api import shapes
from emgapiv2.api.auth import actor_of
from emgapiv2.api.filters import StudyFilters, find_studies, written_page_of_changed
from emgapiv2.api.pagination import Page, Paging
from emgapiv2.api.rendering import or_404
from emgapiv2.api.request import ApiRequest
from emgapiv2.api.schemas import (
    MGnifyAnalysis,
    MGnifySampleWithMetadata,
    MGnifyStudy,
    MGnifyStudyAccessionLookup,
    MGnifyStudyDetail,
)
from emgapiv2.api.written import key_of, written_detail, written_page_of

router = Router(tags=["Studies"])
Order = Literal["accession", "-accession", "updated_at", "-updated_at", ""]


@router.get("/", response=Page[MGnifyStudy])
def list_mgnify_studies(
    request: ApiRequest, paging: Paging, by: Query[StudyFilters], order: Order | None = None
) -> HttpResponse:
    """List public studies."""
    return written_page_of_changed(find_studies, by, shapes.STUDY, request, paging, order=order)


@router.get("/insdc/{accession}", response=MGnifyStudyAccessionLookup)
def get_mgnify_study_accession_by_insdc_accession(request: ApiRequest, accession: str) -> Any:
    """The MGYS accession of an ENA study."""
    return or_404(studies.seen(accession=accession, seen_by=actor_of(request)))


@router.get("/{accession}", response=MGnifyStudyDetail)
def get_mgnify_study(request: ApiRequest, accession: str) -> HttpResponse:
    """A study by its MGYS accession."""
    request.stands_alone = True
    return written_detail(study_named(accession, request), shapes.STUDY_DETAIL, request)


@router.get("/{accession}/analyses/", response=Page[MGnifyAnalysis], tags=["Studies", "Analyses"])
def list_mgnify_study_analyses(request: ApiRequest, accession: str, paging: Paging) -> HttpResponse:
    """Published analyses of a study."""
    actor, study = actor_of(request), key_of(study_named(accession, request))
    return written_page_of(Rows(analyses.list_of, study=study, seen_by=actor), shapes.analysis(actor), request, paging)


@router.get("/{accession}/samples/", response=Page[MGnifySampleWithMetadata], tags=["Studies", "Samples"])
def list_mgnify_study_samples(request: ApiRequest, accession: str, paging: Paging) -> HttpResponse:
    """Samples of a study, with ENA's record."""
    actor, study = actor_of(request), key_of(study_named(accession, request))
    rows = Rows(samples.list_of_study, study=study, seen_by=actor)
    return written_page_of(rows, shapes.SAMPLE_WITH_METADATA, request, paging)


def study_named(accession: str, request: ApiRequest) -> Rows:
    """The study of that MGYS: the web client relies on an INSDC accession being unknown under this path."""
    return Rows(studies.with_mgys, accession=accession.upper(), seen_by=actor_of(request))
