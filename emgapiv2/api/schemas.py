"""The shapes of studies, samples, runs, analyses and their files, by the names of the public document."""

from typing import Any, Literal

from ninja import Field, Schema

from analyses.models import Analysis, PipelineVersion, Run
from emgapiv2.api.downloads import MGnifyAnalysisDownloadFile, MGnifyStudyDownloadFile, public_url
from emgapiv2.api.rendering import Time
from ena.records import STUDY_COLUMNS

# Sources of annotations, with ``__`` for the dot.
AnnotationType = Literal[
    "taxonomies__ssu",
    "taxonomies__lsu",
    "taxonomies__its_one_db",
    "taxonomies__unite",
    "taxonomies__pr2",
    "taxonomies__dada2_pr2",
    "taxonomies__dada2_silva",
    "taxonomies__motus",
    "taxonomies__uniref",
    "pfams",
    "interpros",
    "functional_annotation__pfam__read_count",
    "functional_annotation__pfam__coverage_depth",
    "functional_annotation__pfam__coverage_breadth",
]


class Biome(Schema):
    biome_name: str
    lineage: str


class MGnifyStudyAccessionLookup(Schema):
    accession: str


class MGnifyStudy(Schema):
    accession: str
    ena_accessions: list[str]
    title: str
    biome: Biome | None
    metadata: dict[str, Any]
    updated_at: Time

    @staticmethod
    def resolve_metadata(study: Any) -> dict[str, Any]:
        return study.ena_study.metadata if study.ena_study else {}


class MGnifyStudyDetail(MGnifyStudy):
    first_accession: str | None = None
    downloads: list[MGnifyStudyDownloadFile]


class MGnifySample(Schema):
    accession: str = Field(alias="first_accession")
    ena_accessions: list[str]
    sample_title: str | None
    biome: Biome | None
    updated_at: Time


class MGnifySampleWithMetadata(MGnifySample):
    """``metadata`` is ENA's record, without the studies that it names: some of them may be private."""

    metadata: dict[str, Any]

    @staticmethod
    def resolve_metadata(sample: Any) -> dict[str, Any]:
        return {key: value for key, value in sample.ena_sample.metadata.items() if key not in STUDY_COLUMNS}


class MGnifySampleDetail(MGnifySampleWithMetadata):
    studies: list[MGnifyStudy]


class Assembly(Schema):
    """``accession`` is null until ENA has given one."""

    accession: str | None = Field(None, alias="first_accession")
    updated_at: Time


class AnalysedRun(Schema):
    accession: str | None = Field(None, alias="first_accession")
    experiment_type: str = Field(alias="get_experiment_type_display")
    instrument_model: str | None
    instrument_platform: str | None
    sample_accession: str | None = Field(None, alias="sample.first_accession")
    study_accession: str | None = Field(None, alias="study.accession")


class AnalysedRunDetail(AnalysedRun):
    sample: MGnifySample | None
    study: MGnifyStudy | None
    ena_accessions: list[str]
    metadata: dict[str, Any]
    library_strategy: str | None
    library_source: str | None
    library_layout: str | None
    fastq_files: list[dict[str, Any]]


class MGnifyAnalysis(Schema):
    accession: str
    study_accession: str = Field(alias="study.accession")
    experiment_type: str = Field(alias="get_experiment_type_display")
    pipeline_version: PipelineVersion | None
    run: AnalysedRun | None
    sample: MGnifySample | None
    assembly: Assembly | None

    @staticmethod
    def resolve_sample(analysis: Any) -> Any:
        return analysis.sample if analysis.sample_is_seen else None


class MGnifyAnalysisDetail(MGnifyAnalysis):
    downloads: list[MGnifyAnalysisDownloadFile]
    metadata: dict[str, Any] | None = None
    quality_control_summary: dict[str, Any] | None = Field(alias="quality_control")
    read_run: list[AnalysedRun] | None
    results_dir: str | None = None

    @staticmethod
    def resolve_read_run(analysis: Analysis) -> list[Run]:
        """The run, or all runs that the assembly was made of."""
        return [analysis.run] if analysis.run else [link.run for link in analysis.assembly.run_links.all()]

    @staticmethod
    def resolve_results_dir(analysis: Analysis) -> str | None:
        return public_url(analysis, "")


class MGnifyAnalysisTypedAnnotation(Schema):
    count: int | None = None
    organism: str | None = None
    description: str | None = None
    identifier: str | None = None
    taxid: int | None = None
    value: float | None = None


class MGnifyAnalysisWithAnnotations(MGnifyAnalysisDetail):
    annotations: dict[str, list[MGnifyAnalysisTypedAnnotation] | dict[str, list[MGnifyAnalysisTypedAnnotation] | None]]
