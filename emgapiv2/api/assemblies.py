"""Assemblies, and what is made of them (``spec/api-v2.md`` §7.3)."""

from typing import Any

from django.http import HttpResponse
from ninja import Field, Query, Router

from analyses.assembly_status import assembly_status
from analyses.selectors import analyses, assemblies, runs, samples
from analyses.selectors.questions import Rows
from emgapiv2.api import shapes
from emgapiv2.api.auth import actor_of
from emgapiv2.api.filters import AssemblyFilters, find_assemblies, page_of_changed
from emgapiv2.api.genome_schemas import AdditionalContainedGenomeSchema, GenomeAssemblyLinkSchema
from emgapiv2.api.pagination import Page, Paging, as_page, page_of
from emgapiv2.api.rendering import or_404, shown
from emgapiv2.api.request import ApiRequest
from emgapiv2.api.schemas import Assembly, MGnifyAnalysis
from emgapiv2.api.studies import study_named
from emgapiv2.api.written import key_of, written_page_of

router = Router(tags=["Assemblies"])
of_runs = Router(tags=["Runs", "Assemblies"])
of_samples = Router(tags=["Samples", "Assemblies"])
of_studies = Router(tags=["Studies", "Assemblies"])


class AssemblyDetail(Assembly):
    """``run_accession`` is the first of ``run_accessions``; ``status`` tells the state in booleans."""

    run_accession: str | None = None
    run_accessions: list[str]
    sample_accession: str | None = None
    reads_study_accession: str | None = Field(None, alias="reads_study.accession")
    assembly_study_accession: str | None = Field(None, alias="assembly_study.accession")
    assembler_name: str | None = Field(None, alias="assembler.name")
    assembler_version: str | None = Field(None, alias="assembler.version")
    metadata: dict[str, Any] | None = None
    status: dict[str, Any] | None = None

    @staticmethod
    def resolve_run_accession(assembly: Any) -> str | None:
        return next(iter(assembly.run_accessions), None)

    @staticmethod
    def resolve_status(assembly: Any) -> dict[str, bool | str]:
        return assembly_status(assembly.state, assembly.reason_code)


@router.get("/", response=Page[Assembly])
def list_assemblies(request: ApiRequest, paging: Paging, by: Query[AssemblyFilters]) -> dict[str, Any]:
    """List public assemblies."""
    return page_of_changed(find_assemblies(by), by, request, paging)


@router.get("/{accession}", response=AssemblyDetail)
def get_assembly(request: ApiRequest, accession: str) -> Any:
    """An assembly by any of its accessions."""
    return shown(request, assemblies.detail(accession=accession, seen_by=actor_of(request)))


@router.get("/{accession}/analyses", response=Page[MGnifyAnalysis], tags=["Assemblies", "Analyses"])
def list_analyses_for_assembly(request: ApiRequest, accession: str, paging: Paging) -> HttpResponse:
    """Published analyses of an assembly."""
    actor = actor_of(request)
    assembly = key_of(Rows(assemblies.with_accession, accession=accession.upper(), seen_by=actor))
    rows = Rows(analyses.list_of, assembly=assembly, seen_by=actor)
    return written_page_of(rows, shapes.analysis(actor), request, paging)


@router.get("/{accession}/genome-links", response=Page[GenomeAssemblyLinkSchema], tags=["Assemblies", "Genomes"])
def list_genome_links_for_assembly(request: ApiRequest, accession: str, paging: Paging) -> dict[str, Any]:
    """Genomes made of an assembly, of which none are held yet."""
    or_404(assemblies.seen(accession=accession, seen_by=actor_of(request)))
    return as_page(request, paging, 0, [])


@router.get(
    "/{accession}/additional-contained-genomes",
    response=Page[AdditionalContainedGenomeSchema],
    tags=["Assemblies", "Genomes"],
)
def list_additional_contained_genomes_for_assembly(
    request: ApiRequest, accession: str, paging: Paging
) -> dict[str, Any]:
    """Genomes found in an assembly besides, of which none are held yet."""
    or_404(assemblies.seen(accession=accession, seen_by=actor_of(request)))
    return as_page(request, paging, 0, [])


@of_samples.get("/{accession}/assemblies/", response=Page[AssemblyDetail])
def list_sample_assemblies(request: ApiRequest, accession: str, paging: Paging) -> dict[str, Any]:
    """Assemblies of a sample."""
    actor = actor_of(request)
    sample = or_404(samples.seen(accession=accession, seen_by=actor))
    return page_of(assemblies.list_of_sample(sample=sample, seen_by=actor), request, paging)


@of_runs.get("/{accession}/assemblies/", response=Page[AssemblyDetail])
def list_runs_assemblies(request: ApiRequest, accession: str, paging: Paging) -> dict[str, Any]:
    """Assemblies that a run is part of."""
    actor = actor_of(request)
    run = key_of(Rows(runs.with_accession, accession=accession.upper(), seen_by=actor))
    return page_of(assemblies.list_of_run(run=run, seen_by=actor), request, paging)


@of_studies.get("/{accession}/assemblies/", response=Page[AssemblyDetail])
def list_mgnify_study_assemblies(request: ApiRequest, accession: str, paging: Paging) -> dict[str, Any]:
    """Assemblies of a study's reads, and those kept in the study."""
    actor, study = actor_of(request), key_of(study_named(accession, request))
    return page_of(assemblies.list_of_study(study=study, seen_by=actor), request, paging)
