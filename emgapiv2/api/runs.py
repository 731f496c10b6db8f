"""Runs."""

from typing import Any

from django.http import HttpResponse
from ninja import Query, Router

from analyses.selectors import analyses, runs
from analyses.selectors.questions import Rows
from emgapiv2.api import shapes
from emgapiv2.api.auth import actor_of
from emgapiv2.api.filters import RunFilters, find_runs, written_page_of_changed
from emgapiv2.api.pagination import Page, Paging
from emgapiv2.api.rendering import shown
from emgapiv2.api.request import ApiRequest
from emgapiv2.api.schemas import AnalysedRun, AnalysedRunDetail, MGnifyAnalysis
from emgapiv2.api.studies import study_named
from emgapiv2.api.written import key_of, written_page_of

router = Router(tags=["Runs"])
of_studies = Router(tags=["Studies", "Runs"])


@router.get("/", response=Page[AnalysedRun])
def list_analysed_runs(request: ApiRequest, paging: Paging, by: Query[RunFilters]) -> HttpResponse:
    """List public runs."""
    return written_page_of_changed(find_runs, by, shapes.RUN, request, paging)


@router.get("/{accession}", response=AnalysedRunDetail)
def get_analysed_run(request: ApiRequest, accession: str) -> Any:
    """A run, with ENA's record and its read files."""
    return shown(request, runs.detail(accession=accession, seen_by=actor_of(request)))


@router.get("/{accession}/analyses/", response=Page[MGnifyAnalysis], tags=["Runs", "Analyses"])
def list_runs_analyses(request: ApiRequest, accession: str, paging: Paging) -> HttpResponse:
    """Published analyses of a run."""
    actor = actor_of(request)
    run = key_of(Rows(runs.with_accession, accession=accession.upper(), seen_by=actor))
    return written_page_of(Rows(analyses.list_of, run=run, seen_by=actor), shapes.analysis(actor), request, paging)


@of_studies.get("/{accession}/runs/", response=Page[AnalysedRun])
def list_mgnify_study_runs(request: ApiRequest, accession: str, paging: Paging) -> HttpResponse:
    """Runs of a study."""
    actor, study = actor_of(request), key_of(study_named(accession, request))
    return written_page_of(Rows(runs.list_of_study, study=study, seen_by=actor), shapes.RUN, request, paging)
