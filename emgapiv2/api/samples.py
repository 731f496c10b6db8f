"""Samples."""

from typing import Any, Literal

from django.http import HttpResponse
from ninja import Query, Router

from analyses.selectors import runs, samples
from analyses.selectors.questions import Rows
from emgapiv2.api import shapes
from emgapiv2.api.auth import actor_of
from emgapiv2.api.filters import SampleFilters, find_samples, written_page_of_changed
from emgapiv2.api.pagination import Page, Paging
from emgapiv2.api.rendering import shown
from emgapiv2.api.request import ApiRequest
from emgapiv2.api.schemas import AnalysedRun, MGnifySample, MGnifySampleDetail
from emgapiv2.api.written import key_of, written_page_of

router = Router(tags=["Samples"])
Order = Literal["sample_title", "-sample_title", "updated_at", "-updated_at", ""]


@router.get("/", response=Page[MGnifySample])
def list_mgnify_samples(
    request: ApiRequest, paging: Paging, by: Query[SampleFilters], order: Order | None = None
) -> HttpResponse:
    """List public samples."""
    return written_page_of_changed(find_samples, by, shapes.SAMPLE, request, paging, order=order)


@router.get("/{accession}", response=MGnifySampleDetail)
def get_mgnify_sample(request: ApiRequest, accession: str) -> Any:
    """A sample by any of its accessions."""
    return shown(request, samples.detail(accession=accession, seen_by=actor_of(request)))


@router.get("/{accession}/runs/", response=Page[AnalysedRun], tags=["Samples", "Runs"])
def list_sample_runs(request: ApiRequest, accession: str, paging: Paging) -> HttpResponse:
    """Runs of a sample."""
    actor = actor_of(request)
    sample = key_of(Rows(samples.with_accession, accession=accession.upper(), seen_by=actor))
    return written_page_of(Rows(runs.list_of_sample, sample=sample, seen_by=actor), shapes.RUN, request, paging)
