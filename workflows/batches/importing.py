"""Files of completed members become annotations, downloads or an assembly (``spec/pipelines.md`` §1.6, §2.6)."""

from typing import Any
from uuid import UUID

from django.db import DataError, IntegrityError, transaction
from django.db.models import Q

from analyses.models import AnalysisState, AssemblyState, ReasonCode
from analyses.services.import_assembly import import_assembly
from analyses.services.import_results import ImportedResult, ResultRefused, import_results
from analyses.states import Told, move_analysis, move_assembly
from workflows.batches.surveying import assembly_of, provenance, result_of, survey_member
from workflows.cluster.failpoints import failpoint
from workflows.models import Batch, BatchMember, PipelineRun
from workflows.pipelines import registry
from workflows.pipelines.declaration import Declared
from workflows.pipelines.tree import Survey
from workflows.selectors.batches import add_ons_of, stages_of

V = BatchMember.Verdict
# The last two are of values that no column can hold.
UNREADABLE = (ResultRefused, ValueError, KeyError, IndexError, TypeError, DataError, IntegrityError)


def import_batch(*, batch_id: UUID, actor: str, with_stages: bool = False) -> None:
    """Import each completed member that is not imported yet. One that cannot be read never stops the others.

    :param with_stages: imported ones too, since add-on stages may have left files for them; twice is once
    :raises OSError: a disk does not answer as it should; whoever could be imported is
    """
    batch = Batch.objects.select_related("study", "job").get(pk=batch_id)
    declared = registry.get(batch.slug)
    states = [AnalysisState.COMPLETED, AnalysisState.IMPORTED] if with_stages else [AnalysisState.COMPLETED]
    assembled = (AssemblyState.RUNNING, AssemblyState.PLANNED)  # planned: its results were found on disk
    made = Q(analysis__state__in=states) | Q(product_assembly__state__in=assembled)
    add_ons, made_by = add_ons_of(batch), _made_by(batch, declared)
    told: dict[str, Any] = {"actor": actor, "cluster_job_id": batch.job_id}
    unread: OSError | None = None
    for member in batch.members.filter(made, verdict=V.COMPLETED).select_related("run", "assembly", "product_assembly"):
        try:
            if member.product_assembly_id is not None:
                assembly = assembly_of(survey_member(batch, declared, member.accession, member.word), declared)
                import_assembly(assembly_id=member.product_assembly_id, made=assembly, **told)
            elif member.analysis_id is not None:
                result = _surveyed(declared, member, stages_of(member, add_ons), made_by)
                import_results(analysis_id=member.analysis_id, result=result, **told)
        except UNREADABLE as error:
            _refuse(batch, member, error, actor)
        except OSError as error:
            unread = error
        failpoint("member_imported")
    if unread:
        raise unread


def _made_by(batch: Batch, declared: Declared) -> dict[str, Any]:
    head = PipelineRun.objects.filter(attempt__job=batch.job).order_by("-attempt__number").first()
    return provenance(batch, declared) | {"nextflow": head.nextflow_version if head else ""}


def _surveyed(
    declared: Declared, member: BatchMember, stages: list[BatchMember], made_by: dict[str, Any]
) -> ImportedResult:
    """What the member's tree holds, and those of the add-on stages that came to an end."""
    survey = survey_member(member.batch, declared, member.accession, member.word)
    others = [(survey_stage(one), registry.get(one.slug)) for one in stages if one.verdict == V.COMPLETED]
    if stages:
        made_by = made_by | {"stages": {one.slug: _told(one) for one in stages}}
    return result_of(survey, declared, pipeline=made_by, others=tuple(others))


def survey_stage(member: BatchMember) -> Survey:
    return survey_member(member.batch, registry.get(member.slug), member.accession, member.word)


def _told(stage: BatchMember) -> dict[str, Any]:
    return {
        "version": stage.batch.version,
        "revision": stage.batch.revision,
        "verdict": stage.verdict,
        "reason": stage.reason_code or stage.word,
    }


def _refuse(batch: Batch, member: BatchMember, error: Exception, actor: str) -> None:
    said = error.faults if isinstance(error, ResultRefused) else [f"{type(error).__name__}: {error}"]
    faults = [{"path": "", "rule": "import", "found": fault[:500], "expected": ""} for fault in said]
    told: Told = {"actor": actor, "reason_code": ReasonCode.IMPORT_ERROR, "evidence": {"faults": faults}}
    told |= {"flow_run_id": batch.flow_run_id, "cluster_job_id": batch.job_id}
    with transaction.atomic():
        if member.product_assembly is not None:
            if member.product_assembly.state == AssemblyState.RUNNING:
                move_assembly(assembly_id=member.product_assembly.pk, to=AssemblyState.FAILED, **told)
        elif member.analysis_id is not None:
            move_analysis(analysis_id=member.analysis_id, to=AnalysisState.CHECK_FAILED, **told)
        verdict = {"verdict": V.CHECK_FAILED, "reason_code": ReasonCode.IMPORT_ERROR}
        batch.members.filter(pk=member.pk).update(**verdict, faults=faults)
