"""Writing down that a piece of work is wanted, once for whoever asks (``spec/cluster-jobs.md`` §2.3, T1 and T2)."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from workflows.cluster.endings import ASKED, create_attempt
from workflows.cluster.identity import backend_of_new_jobs
from workflows.cluster.policies import Answer, Policy, decide
from workflows.cluster.requests import Caller, JobRequest, check_request, clean_name, key_of, spec_of
from workflows.cluster.states import record_event
from workflows.models import ClusterJob, FlowCall
from workflows.models.attempt import FINAL


@dataclass(frozen=True)
class Intent:
    """``attempt_id`` is the live attempt of a job that is open, None of a reused one."""

    job: ClusterJob
    decision: str
    attempt_id: UUID | None


def record_intent(*, request: JobRequest, policy: Policy, actor: str, caller: Caller | None = None) -> Intent:
    """Write that a piece of work is wanted; nothing is started. Joins the caller's transaction.

    T1. One at a time for a logical key.  T2. Adopt the open job, else ask the policy about the newest final one:
    reuse it, or insert job and attempt 1. A call of a flow run that was answered before gets that answer again.

    :raises WrongRequest, PlainSecret, UnknownReference: nothing was written
    """
    check_request(request)
    key = key_of(request, policy)
    try:
        with transaction.atomic():
            return _called(caller) or _decide(request, policy, key, actor, caller)
    except IntegrityError:  # the unique indexes have the last word: whoever was first is adopted
        with transaction.atomic():
            return _called(caller) or _decide(request, policy, key, actor, caller)


def _called(caller: Caller | None) -> Intent | None:
    if caller is None:
        return None
    calls = FlowCall.objects.select_related("job")
    call = calls.filter(flow_run_id=caller.flow_run_id, call_key=caller.call_key, job__isnull=False).first()
    return _intent(call.job, call.decision) if call else None


def _decide(request: JobRequest, policy: Policy, key: str, actor: str, caller: Caller | None) -> Intent:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0)), statement_timestamp()", [key])  # T1
        now = cursor.fetchone()[1]
    same = ClusterJob.objects.filter(logical_key=key)  # T2
    job, decision = same.filter(state=ClusterJob.State.OPEN).first(), FlowCall.Decided.ADOPTED
    if job is None:
        job, decision = same.order_by("-created_at").first(), FlowCall.Decided.REUSED
        newest = (job.state, job.final_at) if job else (None, None)
        if decide(policy, newest_state=newest[0], final_at=newest[1], now=now) is Answer.NEW:
            job, decision = _create_job(request, key, actor), FlowCall.Decided.SUBMITTED
    if caller is not None:
        FlowCall.objects.create(flow_run_id=caller.flow_run_id, call_key=caller.call_key, job=job, decision=decision)
    return _intent(job, decision)


def _intent(job: ClusterJob, decision: str) -> Intent:
    live = None if job.is_final else job.attempts.exclude(state__in=FINAL).values_list("pk", flat=True).first()
    return Intent(job, str(decision), live)


def _create_job(request: JobRequest, key: str, actor: str) -> ClusterJob:
    job = ClusterJob.objects.create(
        logical_key=key,
        name=clean_name(request.name),
        kind=request.kind,
        backend=backend_of_new_jobs(),
        spec=spec_of(request),
        study_id=request.study_id,
        priority=request.priority,
    )
    record_event(row=job, actor=actor, kind="job_intended", to_state=job.state)
    like = {name: getattr(request, name) for name in ASKED}
    like["partition"] = request.partition or settings.EMG_CONFIG.cluster.default_partition
    create_attempt(job=job, number=1, actor=actor, like=like)
    return job
