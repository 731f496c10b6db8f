"""Studies."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from analyses.selectors import analyses, samples, studies
from emgapiv2.api.auth import actor_of
from emgapiv2.api.pagination import NinjaPaginationResponseSchema as Page
from emgapiv2.api.pagination import Paging, page_of
from emgapiv2.api.rendering import ErrorDetail, ValidationDetail, or_404
from emgapiv2.api.schemas import MGnifyAnalysis, MGnifySampleWithMetadata, MGnifyStudy, MGnifyStudyDetail

router = Router(tags=["Studies"])
REFUSALS = {404: ErrorDetail, 422: ValidationDetail}


class Accessioned(Schema):
    accession: str


@router.get(
    "/",
    response={200: Page[MGnifyStudy], 422: ValidationDetail},
    operation_id="list_mgnify_studies",
    summary="List public studies",
)
def list_studies(
    request: HttpRequest,
    paging: Paging,
    search: str | None = None,
    biome_lineage: str | None = None,
    has_analyses_from_pipeline: str | None = None,
) -> dict[str, Any]:
    found = studies.list_public(search=search, biome_lineage=biome_lineage, pipeline_version=has_analyses_from_pipeline)
    return page_of(found, request, paging, count_is_remembered=True)


@router.get(
    "/insdc/{accession}",
    response={200: Accessioned, **REFUSALS},
    operation_id="get_mgnify_study_accession_by_insdc_accession",
    summary="The MGYS accession of an ENA study",
)
def get_study_accession(request: HttpRequest, accession: str) -> Any:
    return or_404(studies.detail(accession=accession, seen_by=actor_of(request)))


@router.get(
    "/{accession}",
    response={200: MGnifyStudyDetail, **REFUSALS},
    operation_id="get_mgnify_study",
    summary="A study by its MGYS accession",
)
def get_study(request: HttpRequest, accession: str) -> Any:
    return _study(request, accession)


@router.get(
    "/{accession}/analyses/",
    response={200: Page[MGnifyAnalysis], **REFUSALS},
    operation_id="list_mgnify_study_analyses",
    summary="Published analyses of a study",
)
def list_study_analyses(request: HttpRequest, accession: str, paging: Paging) -> dict[str, Any]:
    found = analyses.list_of_study(study=_study(request, accession), seen_by=actor_of(request))
    return page_of(found.filter(is_ready=True), request, paging)


@router.get(
    "/{accession}/samples/",
    response={200: Page[MGnifySampleWithMetadata], **REFUSALS},
    operation_id="list_mgnify_study_samples",
    summary="Samples of a study, with ENA's record",
)
def list_study_samples(request: HttpRequest, accession: str, paging: Paging) -> dict[str, Any]:
    found = samples.list_of_study(study=_study(request, accession), seen_by=actor_of(request))
    return page_of(found, request, paging)


def _study(request: HttpRequest, accession: str) -> Any:
    """By MGYS alone: the web client relies on an INSDC accession being unknown here."""
    by_mgys = accession.upper().startswith("MGYS")
    return or_404(studies.detail(accession=accession, seen_by=actor_of(request)) if by_mgys else None)
