"""Waiting for cluster jobs, and what became of them (``spec/cluster-jobs.md`` §5.2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from workflows.prefect_utils.django_flow import this_run
from workflows.prefect_utils.sleep import sleep_until_final

from workflows.models import ClusterJob, FlowCall


@dataclass(frozen=True)
class ClusterJobResult:
    """What became of a job. ``state`` and ``outcome_class`` as in :class:`ClusterJob`; memory in MiB."""

    id: UUID
    state: str
    outcome_class: str | None
    evidence: str
    exit_code: int | None
    cluster_job_id: str | None
    attempts: int
    log_tail: str
    started_at: datetime | None
    ended_at: datetime | None
    peak_rss_mib: int | None
    reused: bool


class ClusterJobFailedException(Exception):
    """A job that was waited for did not succeed. ``result`` holds its class, evidence and log tail."""

    def __init__(self, name: str, result: ClusterJobResult) -> None:
        self.result = result
        why = f"{result.outcome_class}, exit code {result.exit_code}: {result.evidence}"
        super().__init__(f"{name} ({result.id}) is {result.state.lower()}, {why}\n{result.log_tail}".rstrip())


def wait_for_cluster_jobs(
    jobs: Iterable[ClusterJob], *, on_failure: Literal["raise", "return"] = "raise"
) -> list[ClusterJobResult]:
    """One sleep until all are final. :raises ClusterJobFailedException: one did not succeed, unless told ``return``"""
    wanted = [job.pk for job in jobs]
    sleep_until_final(jobs=wanted)
    execution = this_run()
    calls = FlowCall.objects.filter(flow_run=execution.flow_run if execution else None, job__in=wanted)
    reused = set(calls.filter(decision=FlowCall.Decided.REUSED).values_list("job_id", flat=True))
    found = ClusterJob.objects.prefetch_related("attempts").in_bulk(wanted)
    results = [_result_of(found[job_id], reused=job_id in reused) for job_id in wanted]
    for result in results:
        if on_failure == "raise" and result.state != ClusterJob.State.SUCCEEDED:
            raise ClusterJobFailedException(found[result.id].name, result)
    return results


def _result_of(job: ClusterJob, *, reused: bool) -> ClusterJobResult:
    attempts = sorted(job.attempts.all(), key=lambda attempt: attempt.number)
    last = attempts[-1]
    return ClusterJobResult(
        id=job.pk,
        state=job.state,
        outcome_class=job.outcome_class,
        evidence=job.evidence,
        exit_code=last.exit_code,
        cluster_job_id=last.backend_job_id,
        attempts=len(attempts),
        log_tail=last.log_tail,
        started_at=last.started_at,
        ended_at=last.ended_at,
        peak_rss_mib=last.peak_rss_mib,
        reused=reused,
    )
