"""Reads of batches: where one stands, what failed and why (``spec/pipelines.md`` §2.3)."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db.models import Count, Q, QuerySet

from analyses.models import AnalysisState
from workflows.cluster.secrets import mask
from workflows.models import Batch, BatchMember, ClusterJobAttempt, PipelineTask

LOG_TAIL_BYTES = 4096
NOT_DONE = ("FAILED", "ABORTED")


def stage_of(batch: Batch) -> str:
    """Where a batch stands, in a word, from its job and its members: it cannot contradict them."""
    if batch.state != Batch.State.OPEN:
        return batch.state
    members = batch.members
    if members.filter(verdict=None, rounds=0).exists():
        return "planned"
    if batch.job and not batch.job.is_final:
        begun = batch.job.attempts.filter(started_at__isnull=False).exists()
        return "running" if begun else "queued"
    if members.filter(verdict=None).exists():
        return "checking"
    if members.filter(analysis__state=AnalysisState.COMPLETED).exists():
        return "importing"
    return "publishing" if members.filter(analysis__state=AnalysisState.IMPORTED).exists() else "closing"


def unfinished_members(batch: Batch) -> list[str]:
    """What keeps a batch from closing: ``<accession>: <why>``."""
    held = [AnalysisState.RUNNING, AnalysisState.COMPLETED, AnalysisState.IMPORTED]
    members = batch.members.exclude(verdict=BatchMember.Verdict.BLOCKED)
    members = members.filter(Q(verdict=None) | Q(analysis__state__in=held))
    return [
        f"{member.accession}: {member.analysis.state if member.verdict and member.analysis else 'no verdict'}"
        for member in members.select_related("run", "sample", "analysis")
    ]


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
    return task.tag == accession or accession in re.findall(r"[A-Za-z0-9]+", task.name)


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
    subject = ("run__first_accession", "sample__first_accession")
    return members.select_related("batch", "run", "sample", "analysis").order_by(*subject)
