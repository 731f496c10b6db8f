"""Files of completed members become annotations and downloads (``spec/pipelines.md`` §1.6, §2.6)."""

from typing import Any
from uuid import UUID

from django.db import DataError, IntegrityError, transaction

from analyses.models import AnalysisState
from analyses.schemas import NewDownload
from analyses.services.import_results import ImportedResult, ResultRefused, import_results
from analyses.states import move_analysis
from workflows.batches.folding import survey_member
from workflows.batches.places import places_of
from workflows.cluster.failpoints import failpoint
from workflows.models import Batch, BatchMember, PipelineRun
from workflows.pipelines import registry
from workflows.pipelines.declaration import Declared
from workflows.pipelines.tree import Survey

V = BatchMember.Verdict
# The last two are of values that no column can hold.
UNREADABLE = (ResultRefused, ValueError, KeyError, IndexError, TypeError, DataError, IntegrityError)


def import_batch(*, batch_id: UUID, actor: str) -> None:
    """Import each completed member that is not imported yet. One that cannot be read never stops the others.

    :raises OSError: a disk does not answer as it should; whoever could be imported is
    """
    batch = Batch.objects.select_related("study", "job").get(pk=batch_id)
    declared = registry.get(batch.slug)
    members = batch.members.filter(verdict=V.COMPLETED, analysis__state=AnalysisState.COMPLETED).select_related("run")
    unread: OSError | None = None
    for member, analysis_id in [(one, one.analysis_id) for one in members if one.analysis_id is not None]:
        try:
            survey = survey_member(batch, declared, member.accession, member.word)
            result = result_of(survey, declared, pipeline=_provenance(batch, declared))
            import_results(analysis_id=analysis_id, result=result, actor=actor, cluster_job_id=batch.job_id)
        except UNREADABLE as error:
            _refuse(batch, member, analysis_id, error, actor)
        except OSError as error:
            unread = error
        failpoint("member_imported")
    if unread:
        raise unread


def result_of(survey: Survey, declared: Declared, *, pipeline: dict[str, Any]) -> ImportedResult:
    """What a declaration reads out of one tree; files that are not there give no set, empty files an empty one.

    :param pipeline: becomes ``metadata.pipeline``
    :raises ValueError: the tree has faults, a parser refuses a file, or a required source is not there
    """
    if survey.faults:
        raise ValueError("; ".join(f"{f.path}: {f.found}, expected {f.expected}" for f in survey.faults[:20]))
    annotations: dict[str, Any] = {}
    metadata: dict[str, Any] = {"pipeline": pipeline}
    quality_control: dict[str, Any] = {}
    for wanted in declared.imports:
        files = [survey.matches[name] for name in wanted.nodes]
        value = wanted.parse(*files) if any(files) else None
        kind, _, key = wanted.target.partition(".")
        if kind == "metadata":
            metadata[key] = value  # None removes what an older import may have left
        elif value is not None and kind == "annotations":
            annotations[key] = value
        elif value is not None:
            quality_control = value
    if missing := set(declared.pipeline.required_sources).difference(annotations):
        raise ValueError(f"no {', '.join(sorted(missing))}, which {declared.pipeline.slug} always has")
    return ImportedResult(annotations, quality_control, metadata, downloads_of(survey, declared), str(survey.tree.root))


def downloads_of(survey: Survey, declared: Declared) -> list[NewDownload]:
    """An entry for each file that the declaration offers and that is not empty, in the declaration's order."""
    return [
        NewDownload(
            path=match.path,
            alias=rule.alias.format(**match.keys),
            file_type=rule.file_type,
            download_type=rule.download_type,
            download_group=rule.group,
            short_description=rule.short,
            long_description=rule.long,
            size_bytes=match.size_bytes,
        )
        for rule in declared.downloads
        for match in survey.matches[rule.node]
        if match.size_bytes
    ]


def _provenance(batch: Batch, declared: Declared) -> dict[str, Any]:
    """What made the result, for ``metadata.pipeline``."""
    places, inputs = places_of(batch), batch.job.spec["inputs"] if batch.job else {}
    head = PipelineRun.objects.filter(attempt__job=batch.job).order_by("-attempt__number").first()
    return {
        "slug": batch.slug,
        "label": declared.pipeline.label,
        "name": declared.pipeline.name,
        "version": batch.version,
        "revision": batch.revision,
        "repository": "bundled",
        "batch_key": batch.key,
        "round": batch.round,
        "nextflow": head.nextflow_version if head else "",
        "samplesheet_sha256": inputs.get(str(places.sheet(batch.round))),
        "params_sha256": inputs.get(str(places.params(batch.round))),
    }


def _refuse(batch: Batch, member: BatchMember, analysis_id: int, error: Exception, actor: str) -> None:
    faults = error.faults if isinstance(error, ResultRefused) else [f"{type(error).__name__}: {error}"]
    refused = [{"path": "", "rule": "import", "found": fault[:500], "expected": ""} for fault in faults]
    with transaction.atomic():
        move_analysis(
            analysis_id=analysis_id,
            to=AnalysisState.CHECK_FAILED,
            actor=actor,
            reason_code="import_error",
            evidence={"faults": refused},
            flow_run_id=batch.flow_run_id,
            cluster_job_id=batch.job_id,
        )
        verdict = {"verdict": V.CHECK_FAILED, "reason_code": "import_error"}
        batch.members.filter(pk=member.pk).update(**verdict, faults=refused)
