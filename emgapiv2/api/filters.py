"""What public lists, and exports of them, can be narrowed to (``spec/api-v2.md`` §4, §5)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse
from ninja import Schema
from pydantic import AfterValidator, ConfigDict, Field

from analyses.models import Analysis, AssemblerName, Assembly, ExperimentType, PipelineVersion, Run, Sample, Study
from analyses.selectors import analyses, assemblies, runs, samples, studies
from analyses.selectors.biomes import below
from analyses.selectors.narrowing import changed_between, database_time, of_sample, of_study
from analyses.selectors.questions import Rows
from emgapiv2.api.pagination import PageOptions, page_of
from emgapiv2.api.rendering import Text
from emgapiv2.api.request import ApiRequest
from emgapiv2.api.sql_json import Shape
from emgapiv2.api.written import written_page_of


def _in_utc(moment: datetime) -> datetime:
    """A time without a zone is UTC. :raises ValueError: outside of what can be meant"""
    if not 1900 <= moment.year < 9999:
        raise ValueError("no such time here")
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


Moment = Annotated[datetime, AfterValidator(_in_utc)]


class Changed(Schema):
    model_config = ConfigDict(frozen=True)  # equal filters are one question

    updated_since: Moment | None = Field(None, description="Changed then or later.")
    updated_until: Moment | None = Field(None, description="Changed before.")


class StudyFilters(Changed):
    search: Text | None = None
    biome_lineage: Text | None = None
    has_analyses_from_pipeline: PipelineVersion | None = None


class SampleFilters(Changed):
    search: Text | None = None
    biome_lineage: Text | None = None
    study_accession: Text | None = None


class RunFilters(Changed):
    has_experiment_type: ExperimentType | None = None
    instrument_platform: Text | None = None
    study_accession: Text | None = None


class AssemblyFilters(Changed):
    study_accession: Text | None = None
    assembler_name: AssemblerName | None = None


class AnalysisFilters(Changed):
    pipeline_version: PipelineVersion | None = None
    experiment_type: ExperimentType | None = None
    study_accession: Text | None = None
    sample_accession: Text | None = None
    biome_lineage: Text | None = Field(None, description="Of the study.")


def find_studies(by: StudyFilters) -> QuerySet[Study]:
    version = by.has_analyses_from_pipeline
    found = studies.list_public(search=by.search, biome_lineage=by.biome_lineage, pipeline_version=version)
    return _changed(found, by)


def find_samples(by: SampleFilters) -> QuerySet[Sample]:
    found = samples.list_public(search=by.search, biome_lineage=by.biome_lineage)
    if by.study_accession:
        found = of_study(found, by.study_accession, path="study_links__study")
    return _changed(found, by)


def find_runs(by: RunFilters) -> QuerySet[Run]:
    found = runs.list_public(experiment_type=by.has_experiment_type, instrument_platform=by.instrument_platform)
    if by.study_accession:
        found = of_study(found, by.study_accession)
    return _changed(found, by)


def find_assemblies(by: AssemblyFilters) -> QuerySet[Assembly]:
    found = assemblies.list_public()
    if name := by.study_accession:
        found = of_study(found, name, "reads_study") | of_study(found, name, "assembly_study")
    if by.assembler_name:
        found = found.filter(assembler__name=by.assembler_name)
    return _changed(found, by)


def find_analyses(by: AnalysisFilters) -> QuerySet[Analysis]:
    found = analyses.list_public(pipeline_version=by.pipeline_version, experiment_type=by.experiment_type)
    if by.study_accession:
        found = of_study(found, by.study_accession)
    if by.sample_accession:
        found = of_sample(found, by.sample_accession)
    if by.biome_lineage:
        found = found.filter(below(by.biome_lineage, biome="study__biome__"))
    return _changed(found, by)


def page_of_changed(
    rows: QuerySet, by: Changed, request: ApiRequest, paging: PageOptions, *, order: str | None = None
) -> dict[str, Any]:
    """A page of a whole list; of what changed in the order in which it did, with the time to ask from next."""
    return page_of(rows, request, paging, order=_order_of_changes(by, request, order), is_whole_list=True)


def written_page_of_changed(
    find: Callable[..., QuerySet],
    by: Changed,
    shape: Shape,
    request: ApiRequest,
    paging: PageOptions,
    *,
    order: str | None = None,
) -> HttpResponse:
    """The same, its items written by the database.

    :param find: gives the rows that are asked for by the filters
    """
    order = _order_of_changes(by, request, order)
    return written_page_of(Rows(find, by=by), shape, request, paging, order=order, is_whole_list=True)


def _order_of_changes(by: Changed, request: ApiRequest, order: str | None) -> str | None:
    """A change is seen when it is committed, under the time at which it was made: the next question goes back further
    than any transaction may live.
    """
    if not (by.updated_since or by.updated_until):
        return order
    horizon = timedelta(seconds=settings.EMG_CONFIG.api.change_horizon_seconds)
    request.updated_through = database_time() - horizon
    return order or "updated_at"


def _changed(found: Any, by: Changed) -> Any:
    return changed_between(found, by.updated_since, by.updated_until)
