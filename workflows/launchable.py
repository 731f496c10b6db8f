"""What may be started, by name: the one registry of deployments (``spec/cluster-jobs.md`` §5.1).

It knows Prefect's names and not Prefect: the API, the admin and the sensors import it freely. Higher rooms add theirs
in their ``AppConfig.ready()``.
"""

from dataclasses import dataclass, field
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator


class Parameters(BaseModel):
    """What a run is started with: accessions, ids, enums, numbers. An unknown name is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Launchable:
    """
    :param name: of the deployment, ``<function>_deployment``
    :param entrypoint: ``path/from/the/checkout.py:function``
    :param title: the flow's name in Prefect
    :param scope: what an API key must hold to start it; no key holds ``operate``, which is for people at a terminal
    :param live_key: a format over the parameters; two runs with one key cannot be live at once
    :param cron: when Prefect starts it by itself, with ``scheduled`` as parameters
    """

    name: str
    entrypoint: str
    parameters: type[BaseModel]
    title: str
    scope: str = "launch"
    live_key: str | None = None
    cron: str | None = None
    scheduled: dict[str, Any] = field(default_factory=dict)

    def live_key_of(self, parameters: dict[str, Any]) -> str | None:
        return self.live_key.format(**parameters) if self.live_key else None


class UnknownDeployment(Exception):
    """No deployment of that name may be started."""


class ParametersRefused(Exception):
    """:param errors: every fault at once, each as ``{"field", "message", "value"}``."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{error['field']}: {error['message']} (got {error['value']})" for error in errors))


_launchables: dict[str, Launchable] = {}


def register(offered: Launchable) -> None:
    _launchables[offered.name] = offered


def launchables() -> list[Launchable]:
    return sorted(_launchables.values(), key=lambda one: one.name)


def get_launchable(name: str) -> Launchable:
    """:raises UnknownDeployment: with the names there are"""
    if name not in _launchables:
        raise UnknownDeployment(f"{name!r} is no deployment; there are {', '.join(sorted(_launchables))}")
    return _launchables[name]


def checked_parameters(name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters as the flow will get them, defaults filled in, JSON-able.

    :raises UnknownDeployment: there is no such deployment
    :raises ParametersRefused: all faults at once
    """
    try:
        return get_launchable(name).parameters.model_validate(parameters).model_dump(mode="json")
    except ValidationError as error:
        raise ParametersRefused(faults_of(error)) from error


def faults_of(error: ValidationError) -> list[dict[str, str]]:
    return [
        {
            "field": ".".join(str(part) for part in fault["loc"]) or "(whole)",
            "message": fault["msg"],
            "value": repr(fault["input"])[:200],
        }
        for fault in error.errors()
    ]


class OfAStudy(Parameters):
    accession: str


class AnalyseStudy(Parameters):
    study_accession: str
    pipeline: str
    retry_failed: bool = False
    ask_again: bool = False


class StudyOfAnOldName(Parameters):
    study_accession: str


class AnalyseAssemblies(Parameters):
    study_accession: str
    contaminant_reference: str | None = None


class AssembleStudy(Parameters):
    accession: str
    upload: bool = True
    use_ena_dropbox_dev: bool = False
    retry_failed: bool = False


class UploadAssembly(Parameters):
    assembly_id: int
    dry_run: bool = True
    use_ena_dropbox_dev: bool = False


class UploadStudyAssemblies(Parameters):
    study_accession: str
    dry_run: bool = True


class OfABatch(Parameters):
    batch_id: UUID


class OfAnAssemblyBatch(Parameters):
    assembly_analyses_batch_id: UUID


class FinaliseStudy(Parameters):
    study_accession: str
    pipeline: str


class MoveResults(Parameters):
    study_accession: str


class ImportResults(Parameters):
    """``outdir`` makes batches around results made elsewhere, so that a dry run, which writes nothing, has none."""

    study_accession: str
    analysis_version: str = "V6"
    pipeline: str | None = None
    outdir: str | None = None
    dry_run: bool = False

    @model_validator(mode="after")
    def whole(self) -> Self:
        if self.outdir and (self.dry_run or not self.pipeline):
            raise ValueError("outdir needs a pipeline, and no dry_run")
        return self


class CleanWorkdirs(Parameters):
    path: str | None = None
    min_age_days: int | None = Field(None, ge=0)
    max_candidates: int = Field(10_000, ge=1)
    ignore_patterns: list[str] = []
    skip_confirmation: bool = False


class SyncStudies(Parameters):
    """Either some accessions, or all."""

    accessions: list[str] = []
    all_studies: bool = False

    @model_validator(mode="after")
    def either(self) -> Self:
        if bool(self.accessions) == self.all_studies:
            raise ValueError("give accessions, or all_studies")
        return self


class SyncSamples(Parameters):
    """Either some accessions, or all."""

    accessions: list[str] = []
    all_samples: bool = False

    @model_validator(mode="after")
    def either(self) -> Self:
        if bool(self.accessions) == self.all_samples:
            raise ValueError("give accessions, or all_samples")
        return self


class MoveData(Parameters):
    source: str
    target: str
    move_command: Literal["cp", "mv", "rsync"] = "cp"


def _flow(function: str, parameters: type[BaseModel], title: str, file: str = "", **more: Any) -> None:
    """A flow in a file of its name, unless another is said."""
    entrypoint = f"workflows/flows/{file or function}.py:{function}"
    register(Launchable(f"{function}_deployment", entrypoint, parameters, title, **more))


_flow("realistic_example", OfAStudy, "Download a study read-runs", live_key="download:{accession}")
_flow("analyse_study", AnalyseStudy, "Analyse a study", live_key="analyse:{study_accession}:{pipeline}")
_flow("assemble_study", AssembleStudy, "Assemble a study", live_key="analyse:{accession}:miassembler_v3")
_flow(
    "upload_assembly",
    UploadAssembly,
    "Sanity check and upload an assembly",
    scope="operate",  # what ENA has got it keeps
    live_key="upload:{assembly_id}",
)
_flow(
    "upload_study_assemblies",
    UploadStudyAssemblies,
    "Upload assemblies of a study",
    scope="operate",
    live_key="upload-study:{study_accession}",
)
for function, parameters, title, live_key in (
    (
        "analysis_amplicon_study",
        StudyOfAnOldName,
        "Run amplicon analysis pipeline on study",
        "analyse:{study_accession}:amplicon_v6",
    ),
    (
        "analysis_rawreads_study",
        StudyOfAnOldName,
        "Run analysis pipeline-v6 on raw reads WGS study",
        "analyse:{study_accession}:rawreads_v6",
    ),
    (
        "analysis_assembly_study",
        AnalyseAssemblies,
        "Run assembly analysis v6 pipeline on a study",
        "analyse:{study_accession}:assembly_v6",
    ),
    ("run_assembly_batch", OfAnAssemblyBatch, "Run an assembly analysis batch", "batch:{assembly_analyses_batch_id}"),
    ("finalize_assembly_study", StudyOfAnOldName, "Finalise the assemblies of a study", "finalise:{study_accession}"),
):
    _flow(function, parameters, title, file="older_names", live_key=live_key)
_flow("run_batch", OfABatch, "Run a pipeline batch", live_key="batch:{batch_id}")
# The folder of summaries is one for all pipelines.
_flow("finalise_study", FinaliseStudy, "Finalise a study", live_key="finalise:{study_accession}")
_flow("move_results", MoveResults, "Move results after a change of level", live_key="move:{study_accession}")
_flow(
    "recovery_helper_import_completed_analyses_in_study",
    ImportResults,
    "Import finished results",
    scope="operate",  # it takes paths
    live_key="recover:{study_accession}",
)
_flow(
    "clean_old_nextflow_workdirs",
    CleanWorkdirs,
    "Clean old Nextflow workdirs",
    scope="operate",  # it deletes
    live_key="clean-workdirs",
    cron="0 3 * * 0",
)
_flow(
    "sync_studies_with_ena",
    SyncStudies,
    "Sync studies with ENA",
    live_key="sync-studies:{accessions}",
    cron="0 1 * * *",
    scheduled={"all_studies": True},
)
_flow(
    "sync_samples_with_ena",
    SyncSamples,
    "Sync samples with ENA",
    live_key="sync-samples:{accessions}",
    cron="0 13 * * 6",
    scheduled={"all_samples": True},
)
register(
    Launchable(
        "move_data_deployment",
        "workflows/prefect_utils/slurm_flow.py:move_data",
        MoveData,
        "move-data",
        scope="operate",  # it takes paths
    )
)
