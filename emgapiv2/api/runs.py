"""Runs."""

from typing import Any

from ninja import Router

from analyses.models import ExperimentType
from analyses.selectors import analyses, runs
from emgapiv2.api.auth import actor_of
from emgapiv2.api.pagination import Page, Paging, page_of
from emgapiv2.api.rendering import DETAIL_REFUSALS, LIST_REFUSALS, Text, or_404, shown
from emgapiv2.api.request import ApiRequest
from emgapiv2.api.schemas import AnalysedRun, AnalysedRunDetail, MGnifyAnalysis

router = Router(tags=["Runs"])


@router.get("/", response={200: Page[AnalysedRun], **LIST_REFUSALS}, operation_id="list_analysed_runs")
def list_runs(
    request: ApiRequest,
    paging: Paging,
    has_experiment_type: ExperimentType | None = None,
    instrument_platform: Text | None = None,
) -> dict[str, Any]:
    """List public runs."""
    found = runs.list_public(experiment_type=has_experiment_type, instrument_platform=instrument_platform)
    return page_of(found, request, paging, count_is_remembered=True)


@router.get("/{accession}", response={200: AnalysedRunDetail, **DETAIL_REFUSALS}, operation_id="get_analysed_run")
def get_run(request: ApiRequest, accession: str) -> Any:
    """A run, with ENA's record and its read files."""
    return shown(request, runs.detail(accession=accession, seen_by=actor_of(request)))


@router.get(
    "/{accession}/analyses/", response={200: Page[MGnifyAnalysis], **DETAIL_REFUSALS}, operation_id="list_runs_analyses"
)
def list_run_analyses(request: ApiRequest, accession: str, paging: Paging) -> dict[str, Any]:
    """Published analyses of a run."""
    actor = actor_of(request)
    run = or_404(runs.detail(accession=accession, seen_by=actor))
    return page_of(analyses.list_of_run(run=run, seen_by=actor).filter(is_ready=True), request, paging)
