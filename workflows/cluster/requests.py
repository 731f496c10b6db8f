"""What a caller asks of the job layer, and writing it down once for whoever asks (``spec/cluster-jobs.md`` §2.3)."""

import hashlib
import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import PurePath
from typing import NamedTuple

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from workflows.cluster.endings import ASKED, create_attempt
from workflows.cluster.identity import backend_of_new_jobs
from workflows.cluster.policies import Policy, wants_another
from workflows.cluster.secrets import refuse_plain_secrets, resolve_reference
from workflows.cluster.states import record_event
from workflows.models import ClusterJob, FlowCall

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
Kind = ClusterJob.Kind
CANCEL_GRACE_SECONDS = {Kind.COMMAND: 20, Kind.COPY: 20, Kind.NEXTFLOW: 120}
SPEC_FIELDS = {"argv", "nextflow", "working_dir", "environment", "secrets", "account", "qos", "inputs"}
SPEC_FIELDS |= {"cancel_grace_seconds", "max_attempts"}
KEY_VERSION = 1


class WrongRequest(ValueError):
    """A request that cannot become a job; the text names every fault."""


@dataclass(frozen=True)
class NextflowCall:
    """One head: what is run, with what, where. Paths are absolute text; ``main`` is relative to ``project_dir``."""

    project_dir: str
    main: str
    params_file: str
    work_dir: str
    launch_dir: str
    session_id: str
    profile: str = ""
    site_config: str = ""
    batch_id: str | None = None
    round: int = 1


@dataclass(frozen=True)
class JobRequest:
    """One piece of work: ``argv``, or for kind NEXTFLOW ``nextflow``.

    :param secrets: variable → reference (a file under ``EMG_CLUSTER__SECRETS_ROOT``)
    :param inputs: path → digest of what the work depends on
    :param priority: smaller goes first
    :param logical_key: what makes it the same work; None computes it
    :param max_attempts: lowers the layer's own limit of 6; 0 makes every end final
    :param delay_seconds: not submitted before
    """

    name: str
    kind: str
    working_dir: str
    memory_mib: int
    time_limit_seconds: int
    argv: list[str] | None = None
    nextflow: NextflowCall | None = None
    environment: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    cpus: int = 1
    partition: str = ""
    account: str = ""
    qos: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    cancel_grace_seconds: int | None = None
    study_id: int | None = None
    priority: int = 0
    logical_key: str | None = None
    max_attempts: int | None = None
    delay_seconds: int = 0


@dataclass(frozen=True)
class Caller:
    """Which call of which flow run asks; the policy is asked once for each."""

    flow_run_id: uuid.UUID
    call_key: str


class Intent(NamedTuple):
    job: ClusterJob
    decision: str


def record_intent(*, request: JobRequest, policy: Policy, actor: str, caller: Caller | None = None) -> Intent:
    """Write that a piece of work is wanted; nothing is started. Joins the caller's transaction.

    T1. One at a time for a logical key.  T2. Adopt the open job, else ask the policy about the newest final one:
    reuse it, or insert job and attempt 1. A call of a flow run that was answered before gets that answer again.

    :raises WrongRequest, PlainSecret, UnknownReference: nothing was written
    """
    _check(request)
    key = key_of(request, policy)
    try:
        with transaction.atomic():
            return _called(caller) or _decide(request, policy, key, actor, caller)
    except IntegrityError:  # the unique indexes have the last word: whoever was first is adopted
        with transaction.atomic():
            return _called(caller) or _decide(request, policy, key, actor, caller)


def key_of(request: JobRequest, policy: Policy) -> str:
    """What makes two requests the same piece of work under that policy. Memory, time and partition do not."""
    if request.logical_key is not None:
        return request.logical_key
    parts = {
        "v": KEY_VERSION,
        "kind": request.kind,
        "working_dir": request.working_dir,
        "call": asdict(request.nextflow) if request.nextflow else request.argv or [],
        "environment": request.environment,
        "secrets": sorted(request.secrets),
        "inputs": request.inputs if policy.inputs_in_key else {},
    }
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "h1:" + hashlib.sha256(canonical.encode()).hexdigest()


def _called(caller: Caller | None) -> Intent | None:
    if caller is None:
        return None
    calls = FlowCall.objects.select_related("job")
    call = calls.filter(flow_run_id=caller.flow_run_id, call_key=caller.call_key, job__isnull=False).first()
    return Intent(call.job, call.decision) if call and call.job else None


def _decide(request: JobRequest, policy: Policy, key: str, actor: str, caller: Caller | None) -> Intent:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0)), statement_timestamp()", [key])  # T1
        now = cursor.fetchone()[1]
    same = ClusterJob.objects.filter(logical_key=key)  # T2
    newest = same.order_by("-final_at").first()  # the open one, which has no such time, else the last that ended
    if newest is None or (newest.final_at and wants_another(policy, newest.state, now - newest.final_at)):
        job, decision = _create_job(request, key, actor), FlowCall.Decided.SUBMITTED
    else:
        job, decision = newest, FlowCall.Decided.REUSED if newest.is_final else FlowCall.Decided.ADOPTED
    if caller is not None:
        FlowCall.objects.create(flow_run_id=caller.flow_run_id, call_key=caller.call_key, job=job, decision=decision)
    return Intent(job, decision)


def _create_job(request: JobRequest, key: str, actor: str) -> ClusterJob:
    spec = {name: value for name, value in asdict(request).items() if name in SPEC_FIELDS}
    if request.cancel_grace_seconds is None:
        spec["cancel_grace_seconds"] = CANCEL_GRACE_SECONDS[Kind(request.kind)]
    job = ClusterJob.objects.create(
        logical_key=key,
        name=request.name.replace("|", "-")[:200],  # listings separate by it
        kind=request.kind,
        backend=backend_of_new_jobs(),
        spec=spec,
        study_id=request.study_id,
        priority=request.priority,
    )
    record_event(row=job, actor=actor, kind="job_intended", to_state=job.state)
    like = {name: getattr(request, name) for name in ASKED}
    like["partition"] = request.partition or settings.EMG_CONFIG.cluster.default_partition
    if request.delay_seconds:
        like["not_before"] = Now() + timedelta(seconds=request.delay_seconds)
    create_attempt(job=job, number=1, actor=actor, like=like)
    return job


def _check(request: JobRequest) -> None:
    """:raises WrongRequest: with all faults :raises PlainSecret: see :mod:`workflows.cluster.secrets`"""
    faults = list(_faults(request))
    if faults:
        raise WrongRequest("; ".join(faults))
    refuse_plain_secrets(name=request.name, argv=request.argv or [], environment=request.environment)
    for reference in request.secrets.values():
        resolve_reference(reference)


def _faults(request: JobRequest) -> Iterator[str]:
    if not request.name.strip() or any(not sign.isprintable() for sign in request.name):
        yield f"name: {request.name!r} is empty or holds control characters"
    if request.kind not in Kind.values:
        yield f"kind: {request.kind!r} is none of {', '.join(Kind.values)}"
    is_head = request.kind == Kind.NEXTFLOW
    if is_head != (request.nextflow is not None) or is_head == bool(request.argv):
        yield "argv, nextflow: a NEXTFLOW job has a call, any other an argv that is not empty"
    if not PurePath(request.working_dir).is_absolute():
        yield f"working_dir: {request.working_dir!r} is not an absolute path"
    for name in ("memory_mib", "time_limit_seconds", "cpus"):
        if getattr(request, name) < 1:
            yield f"{name}: {getattr(request, name)} is less than 1"
    for group in ("environment", "secrets"):
        for name in getattr(request, group):
            if not VARIABLE.fullmatch(name):
                yield f"{group}: {name!r} cannot name a variable"
    texts = [*(request.argv or []), *request.environment.values(), *request.secrets.values(), request.working_dir]
    if any("\0" in text for text in texts):
        yield "argv, environment, secrets, working_dir: NUL cannot be passed to a command"
    if request.logical_key is not None and not 0 < len(request.logical_key) <= 200:
        yield f"logical_key: expected 1 to 200 characters, got {len(request.logical_key)}"
