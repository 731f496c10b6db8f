"""Reads of batches: where one stands, what failed and why (``spec/pipelines.md`` §2.3)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.expressions import RawSQL

from analyses.models import AnalysisState, AssemblyState
from workflows.batches.rounds import UNFINISHED, names
from workflows.cluster.secrets import mask
from workflows.models import Batch, BatchMember, ClusterJobAttempt, PipelineTask
from workflows.models.batch import SUBJECTS

LOG_TAIL_BYTES = 4096
NOT_DONE = ("FAILED", "ABORTED")


def stage_of(batch: Batch) -> str:
    """Where a batch stands, in a word, from its job and its members: it cannot contradict them."""
    if batch.state != Batch.State.OPEN:
        return batch.state
    waits = {
        "round": Q(verdict=None, rounds=0),
        "another": Q(verdict=None, reason_code=UNFINISHED),
        "verdict": Q(verdict=None),
        "import": Q(analysis__state=AnalysisState.COMPLETED) | Q(product_assembly__state=AssemblyState.RUNNING),
        "publication": Q(analysis__state=AnalysisState.IMPORTED),
    }
    waiting = batch.members.aggregate(**{name: Count("pk", filter=which) for name, which in waits.items()})
    if waiting["round"]:
        return "planned"
    if batch.job and not batch.job.is_final:
        begun = batch.job.attempts.filter(started_at__isnull=False).exists()
        return "running" if begun else "queued"
    if waiting["another"]:
        return "planned"
    unsettled = add_ons_of(batch, members__verdict=None)
    steps = {
        "checking": waiting["verdict"],
        "importing": waiting["import"],
        f"{unsettled[0].slug} under way" if unsettled else "": unsettled,
        "publishing": waiting["publication"],
    }
    return next((step for step, holds in steps.items() if holds), "closing")


ADD_ONS = """
WITH RECURSIVE stage AS (
  SELECT id FROM workflows_batch WHERE parent_id = %s
  UNION ALL SELECT following.id FROM workflows_batch following JOIN stage ON following.parent_id = stage.id
) SELECT id FROM stage
"""


def add_ons_of(batch: Batch, **conditions: Any) -> list[Batch]:
    """The stages that go on with a batch's members, in their order, each made after the one before."""
    stages = Batch.objects.filter(pk__in=RawSQL(ADD_ONS, [batch.pk]), **conditions)  # noqa: S611 - constant
    return list(stages.select_related("job").order_by("created_at").distinct())


def stages_of(member: BatchMember, add_ons: Sequence[Batch]) -> list[BatchMember]:
    """The same analysis in the add-on stages of its batch, in their order; how it stands there is their verdict."""
    if not add_ons or member.analysis_id is None:
        return []
    of_analysis = BatchMember.objects.filter(batch__in=add_ons, analysis=member.analysis_id)
    found = {one.batch_id: one for one in of_analysis.select_related("batch__study", "batch__job", *SUBJECTS)}
    return [found[stage.pk] for stage in add_ons if stage.pk in found]


def unfinished_members(batch: Batch) -> list[str]:
    """What keeps a batch, its add-ons included, from closing: ``<accession>: <why>``."""
    held = [AnalysisState.RUNNING, AnalysisState.COMPLETED, AnalysisState.IMPORTED]
    members = BatchMember.objects.exclude(verdict=BatchMember.Verdict.BLOCKED).filter(
        Q(batch=batch, analysis__state__in=held)
        | Q(batch=batch, product_assembly__state=AssemblyState.RUNNING)
        | Q(batch__in=[batch, *add_ons_of(batch)], verdict=None)
    )
    return [
        f"{member.accession}: {_where(member) if member.verdict else 'no verdict'}"
        + (f" of {member.slug}" if member.batch_id != batch.pk else "")
        for member in members.select_related("analysis", "product_assembly", *SUBJECTS).order_by("pk")
    ]


def _where(member: BatchMember) -> str:
    return (member.analysis or member.product_assembly).state


def failure_evidence(batch: Batch, accession: str) -> dict[str, Any]:
    """Why a member has no result: the failing task that names it, else the first that failed; else the head's own end.

    :return: ``{task, exit, log_tail}`` with ``attempt`` and ``outcome_class`` of the head; texts are masked
    """
    attempt = ClusterJobAttempt.objects.filter(job=batch.job).order_by("-number").first()
    if attempt is None:
        return {}
    evidence: dict[str, Any] = {"attempt": attempt.token, "outcome_class": attempt.outcome_class}
    tasks = list(PipelineTask.objects.filter(pipeline_run__attempt=attempt, status__in=NOT_DONE).order_by("task_id"))
    task = next((task for task in tasks if _names(task, accession)), None)
    if task is None and attempt.outcome_class is not None:
        task = next(iter(tasks), None)
    if task is None:
        return evidence | {"exit": attempt.exit_code, "log_tail": attempt.log_tail[-LOG_TAIL_BYTES:]}
    return evidence | {"task": task.name, "exit": task.exit, "log_tail": _log_tail_of(task, batch, attempt)}


def _names(task: PipelineTask, accession: str) -> bool:
    return task.tag == accession or names(task.name, accession)


def _log_tail_of(task: PipelineTask, batch: Batch, attempt: ClusterJobAttempt) -> str:
    """The end of what the task printed, if its folder is in the batch's work folder still; else the head's."""
    log = Path(task.workdir) / ".command.log"
    if not task.workdir or not log.resolve().is_relative_to(Path(batch.work_dir).resolve()) or not log.is_file():
        return attempt.log_tail[-LOG_TAIL_BYTES:]
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LOG_TAIL_BYTES))
        return mask(file.read().decode(errors="replace").replace("\0", ""))


def count_verdicts(batches: Iterable[Batch]) -> Counter[str]:
    members = BatchMember.objects.filter(batch__in=list(batches))
    verdicts = members.values_list("verdict").annotate(n=Count("pk")).order_by()
    return Counter({verdict or "unfinished": n for verdict, n in verdicts})


def failed_members(batches: Iterable[Batch]) -> QuerySet[BatchMember]:
    """Members that came to no result, by accession; quality control that refused one is a result."""
    good = [BatchMember.Verdict.COMPLETED, BatchMember.Verdict.QC_FAILED]
    members = BatchMember.objects.filter(batch__in=list(batches)).exclude(verdict__in=good)
    return members.select_related("batch", "analysis", *SUBJECTS).order_by(
        *(f"{one}__first_accession" for one in SUBJECTS)
    )
