"""From an intent to a running job, exactly once, whoever dies when (``spec/cluster-jobs.md`` §2.3, §2.4)."""

import contextlib
import time
import uuid
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Now

from workflows.cluster.backends import get_backend
from workflows.cluster.backends.base import Backend, BackendUnavailable, Reply, ReplyKind
from workflows.cluster.cancellation import cancel_intended
from workflows.cluster.classify import Verdict, adoptable
from workflows.cluster.directories import submit_request, write_attempt_directory
from workflows.cluster.endings import end_attempt
from workflows.cluster.failpoints import failpoint
from workflows.cluster.job_files import write_fence
from workflows.cluster.secrets import UnknownReference, mask
from workflows.cluster.states import ACTOR, NO_LEASE, LostRace, record_event, transition
from workflows.models import ClusterJob, ClusterJobAttempt
from workflows.models.attempt import FINAL
from workflows.models.outcome import OutcomeClass
from workflows.services.attention import raise_attention
from workflows.start_checks import MARGIN_SECONDS

A = ClusterJobAttempt.State
BUSY_SECONDS, BUSY_CEILING_SECONDS = 30, 600
UNCLEAR_TOO_OFTEN = 5


class InsideTransaction(Exception):
    """The scheduler must never be called while a transaction is open."""


class Outcome(StrEnum):
    """What one call of :func:`submit_attempt` came to. Only ``released`` and ``refused`` are an end."""

    RELEASED = "released"
    WAITING = "waiting"  # no room yet, backing off, or the scheduler is busy
    ELSEWHERE = "elsewhere"  # somebody else holds it, or it is past submitting
    REFUSED = "refused"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"  # no answer we can rely on: the lease runs out, then the next one looks first


def submit_job(job: ClusterJob) -> Outcome:
    """Submit the intended attempt of a job now, if admission lets it; otherwise the next passes will."""
    attempt = job.attempts.filter(state=A.INTENDED).first()
    return submit_attempt(attempt_id=attempt.pk) if attempt else Outcome.ELSEWHERE


def submit_attempt(*, attempt_id: UUID) -> Outcome:
    """Bring one intended attempt into the scheduler. Safe to call by anybody, any number of times.

    S1. Take the lease.  S2. Write the job directory.  S3. Look before the leap: a submit may have been tried before.
    S4. Submit, held.  S5. Record the id.  S6. Write the fence.  S7. Release.  S8. Record the release.

    :raises InsideTransaction: before anything is done
    """
    if connection.in_atomic_block:
        raise InsideTransaction("submit after the commit that records the intent")
    failpoint("intent")
    leased_at = time.monotonic()
    attempt, outcome = _take_lease(attempt_id)  # S1
    if attempt is None:
        return outcome
    backend, withdraw = get_backend(attempt.job.backend), attempt.job.cancel_requested_at is not None
    failpoint("leased")
    refusal = None if withdraw else _write(attempt)  # S2
    failpoint("written")
    try:
        job_id = adoptable(backend.find(attempt.token), attempt.token) if attempt.submissions > 1 else None  # S3
    except BackendUnavailable:
        return Outcome.UNKNOWN
    failpoint("looked")
    if job_id is None and withdraw:
        return _withdraw(attempt)
    if job_id is None:
        reply = refusal or _submit(backend, attempt, leased_at)  # S4
        if reply.job_id is None:
            return _not_submitted(attempt, reply)
        job_id = reply.job_id
    failpoint("replied")
    stop = _record_id(backend, attempt, job_id)  # S5
    failpoint("recorded")
    return stop or release_held(backend, attempt)  # S6 to S8


def release_held(backend: Backend, attempt: ClusterJobAttempt) -> Outcome:
    """S6 to S8 for an attempt that is HELD. Safe to repeat."""
    write_fence(attempt.token, str(attempt.backend_job_id))  # S6
    failpoint("fenced")
    try:
        backend.release([str(attempt.backend_job_id)])  # S7
    except BackendUnavailable:
        return Outcome.UNKNOWN  # it may be released: the next pass sees
    failpoint("released")
    with contextlib.suppress(LostRace):  # a pass saw it queued or running before we could say so
        transition(row=attempt, to=A.QUEUED, actor=ACTOR, kind="released", released_at=Now(), **NO_LEASE)  # S8
    return Outcome.RELEASED


def _take_lease(attempt_id: UUID) -> tuple[ClusterJobAttempt | None, Outcome]:
    """S1. Admission and the compare-and-set, one at a time for each backend."""
    lease: dict[str, Any] = {"lease_owner": uuid.uuid4(), "lease_until": Now() + timedelta(seconds=_times().lease)}
    lease["submissions"] = F("submissions") + 1
    with transaction.atomic():
        attempt = ClusterJobAttempt.objects.select_related("job").get(pk=attempt_id)
        if attempt.state == A.INTENDED:
            reason = _why_not_now(attempt)
            if reason:
                ClusterJobAttempt.objects.filter(pk=attempt_id, state=A.INTENDED).update(reason=reason)
                return None, Outcome.WAITING
            try:
                transition(row=attempt, to=A.SUBMITTING, actor=ACTOR, kind="submitting", reason="", **lease)
            except LostRace:
                return None, Outcome.ELSEWHERE
            return attempt, Outcome.UNKNOWN
        over = ClusterJobAttempt.objects.filter(pk=attempt_id, state=A.SUBMITTING, lease_until__lt=Now())
        if not over.update(**lease):
            return None, Outcome.ELSEWHERE
        record_event(row=attempt, actor=ACTOR, kind="lease_taken_over")
    attempt.refresh_from_db(fields=list(lease))
    return attempt, Outcome.UNKNOWN


def _why_not_now(attempt: ClusterJobAttempt) -> str:
    """Admission (§4.3): empty if there is room."""
    backend = attempt.job.backend
    room = get_backend(backend).capacity()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", [f"admission:{backend}"])
    if attempt.not_before and ClusterJobAttempt.objects.filter(pk=attempt.pk, not_before__gt=Now()).exists():
        return "BackOff"
    live = ClusterJobAttempt.objects.exclude(state__in=[*FINAL, A.INTENDED]).filter(job__backend=backend)
    taken = live.aggregate(jobs=Count("pk"), mib=Sum("memory_mib", default=0))
    if taken["jobs"] >= room.jobs:
        return "Limit"
    is_full = room.memory_mib is not None and taken["mib"] + attempt.memory_mib > room.memory_mib
    return "LocalMemory" if is_full and taken["jobs"] else ""


def _write(attempt: ClusterJobAttempt) -> Reply | None:
    """S2. A command that can never be rendered is refused; a full disk may be better the next time."""
    try:
        write_attempt_directory(attempt)
    except UnknownReference as error:
        return Reply(ReplyKind.REFUSED, text=str(error))
    return None


def _submit(backend: Backend, attempt: ClusterJobAttempt, leased_at: float) -> Reply:
    """S4. The lease must outlive the hard kill of the call."""
    needed = _times().submit_timeout + MARGIN_SECONDS
    if time.monotonic() - leased_at > _times().lease - needed:
        mine = ClusterJobAttempt.objects.filter(_mine(attempt), pk=attempt.pk, state=A.SUBMITTING)
        if not mine.update(lease_until=Now() + timedelta(seconds=max(needed, _times().lease))):
            return Reply(ReplyKind.UNKNOWN, text="the lease was lost before the call")
    return backend.submit_held(submit_request(attempt))


def _not_submitted(attempt: ClusterJobAttempt, reply: Reply) -> Outcome:
    """§2.4. What is not an id: refused is an end, busy is later, the rest is unknown and stays with its lease."""
    try:
        if reply.kind is ReplyKind.REFUSED:
            verdict = Verdict(A.FAILED, OutcomeClass.REFUSED, evidence=reply.text)
            end_attempt(attempt=attempt, verdict=verdict, actor=ACTOR, kind="refused", when=_mine(attempt))
            return Outcome.REFUSED
        if reply.kind is ReplyKind.BUSY:
            seconds = min(BUSY_SECONDS * 2 ** min(attempt.submissions - 1, 10), BUSY_CEILING_SECONDS)
            _back_to_intended(attempt, "busy", not_before=Now() + timedelta(seconds=seconds), reason=reply.text[:200])
            return Outcome.WAITING
    except LostRace:
        return Outcome.ELSEWHERE
    said = mask(reply.text)
    record_event(row=attempt, actor=ACTOR, kind="submit_unclear", detail={"reply": said})
    if attempt.submissions >= UNCLEAR_TOO_OFTEN:
        text = f"{attempt.job.name}: submitted {attempt.submissions} times, the answer is neither yes nor no: {said}"
        raise_attention(code="submit_unclear", subject_kind="job", subject_id=attempt.job_id, text=text)
    return Outcome.UNKNOWN


def _record_id(backend: Backend, attempt: ClusterJobAttempt, job_id: str) -> Outcome | None:
    """S5. Gives an outcome if it must not be released: the lease was lost, or a cancel was asked meanwhile.

    A held job whose lease we lost is not cancelled here: whoever took the lease may just have found it by its token.
    The next pass knows whether it is the adopted one or a duplicate.
    """
    known: dict[str, Any] = {"backend_job_id": job_id, "cluster": backend.cluster}
    unknown = _mine(attempt) & Q(backend_job_id=None)
    try:
        transition(row=attempt, to=A.HELD, actor=ACTOR, kind="submitted", detail=known, when=unknown, **known)
    except LostRace:
        return Outcome.ELSEWHERE
    attempt.job.refresh_from_db(fields=["cancel_requested_at"])
    return Outcome.CANCELLED if attempt.job.cancel_requested_at else None


def _withdraw(attempt: ClusterJobAttempt) -> Outcome:
    """A cancel was asked, and nothing of this attempt is in the scheduler."""
    try:
        _back_to_intended(attempt, "withdrawn")
        cancel_intended(attempt=attempt, actor=ACTOR)
    except LostRace:
        return Outcome.ELSEWHERE
    return Outcome.CANCELLED


def _back_to_intended(attempt: ClusterJobAttempt, kind: str, **columns: Any) -> None:
    transition(row=attempt, to=A.INTENDED, actor=ACTOR, kind=kind, when=_mine(attempt), **NO_LEASE | columns)


def _mine(attempt: ClusterJobAttempt) -> Q:
    return Q(lease_owner=attempt.lease_owner)


def _times():  # noqa: ANN202 - the settings' own type
    return settings.EMG_CONFIG.cluster.times
