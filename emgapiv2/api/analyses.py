"""Analyses and their annotations."""

from typing import Annotated, Any, Literal

from django.http import HttpResponse
from ninja import Query, Router

from analyses.selectors import analyses
from analyses.selectors.questions import Rows
from analyses.visibility import Actor
from emgapiv2.api import shapes
from emgapiv2.api.auth import actor_of
from emgapiv2.api.filters import AnalysisFilters, find_analyses, written_page_of_changed
from emgapiv2.api.pagination import Page, Paging, as_page
from emgapiv2.api.rendering import or_404, shown
from emgapiv2.api.request import ApiRequest
from emgapiv2.api.schemas import (
    AnnotationType,
    MGnifyAnalysisDetail,
    MGnifyAnalysisTypedAnnotation,
    MGnifyAnalysisWithAnnotations,
)
from emgapiv2.api.written import written_detail

router = Router(tags=["Analyses"])


@router.get("/", response=Page[MGnifyAnalysisDetail])
def list_mgnify_analyses(
    request: ApiRequest,
    paging: Paging,
    by: Query[AnalysisFilters],
    view: Annotated[Literal["full", "light", ""], Query(description="`light`: items without files.")] = "",
) -> HttpResponse:
    """List public analyses, with their files."""
    anybody = Actor.anonymous()
    shape = shapes.analysis(anybody) if view == "light" else shapes.analysis_detail(anybody, in_list=True)
    return written_page_of_changed(find_analyses, by, shape, request, paging)


@router.get("/{accession}", response=MGnifyAnalysisDetail)
def get_mgnify_analysis(request: ApiRequest, accession: str) -> HttpResponse:
    """An analysis by its MGYA accession."""
    actor = actor_of(request)
    rows = Rows(analyses.with_accession, accession=accession.upper(), seen_by=actor)
    return written_detail(rows, shapes.analysis_detail(actor), request)


@router.get("/{accession}/annotations", response=MGnifyAnalysisWithAnnotations)
def get_mgnify_analysis_with_annotations(request: ApiRequest, accession: str) -> Any:
    """An analysis with all its annotations."""
    analysis: Any = shown(request, analyses.detail(accession=accession, seen_by=actor_of(request)))
    analysis.annotations = analyses.annotations_of(analysis=analysis)
    return analysis


@router.get("/{accession}/annotations/{annotation_type}", response=Page[MGnifyAnalysisTypedAnnotation])
def get_mgnify_analysis_with_annotations_of_type(
    request: ApiRequest, accession: str, annotation_type: AnnotationType, paging: Paging
) -> dict[str, Any]:
    """One kind of annotations, a page at a time.

    The kind is a source with `__` for its dot, such as `taxonomies__ssu`.
    """
    analysis = or_404(analyses.seen(accession=accession, seen_by=actor_of(request)))
    count, records = analyses.annotation_page(
        analysis=analysis, source=annotation_type.replace("__", "."), limit=paging.size, offset=paging.offset
    )
    return as_page(request, paging, count, records)
