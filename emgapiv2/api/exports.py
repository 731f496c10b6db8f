"""Whole tables: of a study, of the catalogue (``spec/api-v2.md`` §10)."""

from typing import Annotated, Any, Literal

from django.db.models import Count, Max, QuerySet
from ninja import Query, Router

from analyses.models import Analysis, PipelineVersion, Study
from analyses.selectors import studies, tables
from analyses.selectors.analyses import list_of as analyses_of
from analyses.selectors.study_tables import annotation_sets, files_table, long_table, wide_table
from analyses.visibility import Actor
from emgapiv2.api import filters
from emgapiv2.api.auth import actor_of
from emgapiv2.api.downloads import permanent_url
from emgapiv2.api.rendering import ErrorDetail, Text, or_404, refused
from emgapiv2.api.request import ApiRequest
from emgapiv2.api.streams import stream_table
from emgapiv2.api.tables import FORMATS

of_study = Router(tags=["Exports"])
router = Router(tags=["Exports"])
WIDEST = 2000
Format = Literal["tsv", "csv", "jsonl", "parquet"]
Noun = Literal["studies", "samples", "runs", "assemblies", "analyses"]
TABLE_OF: dict[str, Any] = {
    "studies": (filters.find_studies, tables.studies_table),
    "samples": (filters.find_samples, tables.samples_table),
    "runs": (filters.find_runs, tables.runs_table),
    "assemblies": (filters.find_assemblies, tables.assemblies_table),
    "analyses": (filters.find_analyses, lambda rows: tables.analyses_table(rows, seen_by=Actor.anonymous())),
}
STREAM: dict[str, Any] = {
    "responses": {
        200: {
            "description": "The table. A stream that ends cleanly is complete.",
            "content": {media_type: {"schema": {"type": "string"}} for media_type, _ in FORMATS.values()},
        }
    }
}
BUSY = {429: ErrorDetail, 503: ErrorDetail}


class CatalogueFilters(
    filters.StudyFilters, filters.SampleFilters, filters.RunFilters, filters.AssemblyFilters, filters.AnalysisFilters
):
    """All filters of all lists; each noun heeds its own."""


@of_study.get("/{accession}/analyses/table", openapi_extra=STREAM)
def export_study_analyses(
    request: ApiRequest,
    accession: str,
    metadata: Annotated[bool, Query(description="With a column `sample.<key>` for all that ENA records.")] = False,
    format: Format | None = None,  # noqa: A002 (the parameter's name)
) -> Any:
    """Published analyses of a study as a table, with their run and sample."""
    actor, study = _who_and_what(request, accession)
    rows = _ready(study, actor)
    keys = tables.sample_keys(rows, seen_by=actor) if metadata else []
    table = tables.analyses_table(rows, seen_by=actor, sample_keys=keys)
    name = f"{study.accession}_analyses"
    return stream_table(request, table, actor=actor, name=name, table_format=format, version=_version(rows, study))


@of_study.get("/{accession}/annotations", openapi_extra=STREAM)
def export_study_annotations(
    request: ApiRequest,
    accession: str,
    *,
    source: Annotated[list[Text], Query(description="Such as `taxonomies__ssu`; every taxonomy unless given.")] = [],  # noqa: B006 (ninja reads it, nobody writes it)
    layout: Literal["long", "wide"] = "long",
    pipeline_version: PipelineVersion | None = None,
    format: Format | None = None,  # noqa: A002 (the parameter's name)
) -> Any:
    """What the analyses of a study found: a row a record, or a matrix of terms and analyses."""
    actor, study = _who_and_what(request, accession)
    rows = _ready(study, actor)
    if pipeline_version:
        rows = rows.filter(pipeline_version=pipeline_version)
    sets = annotation_sets(rows, sources=[one.replace("__", ".") for one in source])
    if layout == "wide" and rows.count() > WIDEST:
        raise refused([("query.layout", f"more than {WIDEST} analyses do not fit into a matrix; use layout=long")])
    table = (wide_table if layout == "wide" else long_table)(sets, seen_by=actor)
    name, version = f"{study.accession}_annotations", _version(rows, study)
    return stream_table(request, table, actor=actor, name=name, table_format=format, version=version)


@of_study.get("/{accession}/files", openapi_extra=STREAM)
def export_study_files(request: ApiRequest, accession: str, format: Format | None = None) -> Any:  # noqa: A002 (the parameter's name)
    """Every file of a study and of its analyses. The addresses do not expire."""
    actor, study = _who_and_what(request, accession)
    table = files_table(study, seen_by=actor, permanent_url=permanent_url)
    version = _version(_ready(study, actor), study)
    name = f"{study.accession}_files"
    return stream_table(request, table, actor=actor, name=name, table_format=format, version=version)


@router.get("/{noun}", openapi_extra=STREAM)
def export_catalogue(
    request: ApiRequest,
    noun: Noun,
    by: Query[CatalogueFilters],
    format: Format | None = None,  # noqa: A002 (the parameter's name)
) -> Any:
    """A whole public list as a table."""
    find, make_table = TABLE_OF[noun]
    rows = find(by)
    counted = rows.order_by().aggregate(newest=Max("updated_at"), rows=Count("*"))
    version = tuple(counted.values())
    actor = Actor.anonymous()
    return stream_table(request, make_table(rows), actor=actor, name=noun, table_format=format, version=version)


def _who_and_what(request: ApiRequest, accession: str) -> tuple[Actor, Study]:
    """:raises Http404: no such study for this actor; an INSDC accession has none under this path"""
    actor = actor_of(request)
    known = accession if accession.upper().startswith("MGYS") else None
    return actor, or_404(studies.seen(accession=or_404(known), seen_by=actor))


def _ready(study: Study, actor: Actor) -> QuerySet[Analysis]:
    return analyses_of(study=study, seen_by=actor)


def _version(rows: QuerySet[Analysis], study: Study) -> tuple[Any, ...]:
    """What changes when any row of a study's table does."""
    newest = {name: Max(f"{name}__updated_at") for name in ("run", "assembly", "sample")}
    counted = rows.order_by().aggregate(newest=Max("updated_at"), rows=Count("*"), **newest)
    return (study.updated_at, *counted.values())
