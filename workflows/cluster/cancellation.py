"""Ending jobs on request (``spec/cluster-jobs.md`` §2.9): the wish is a row, each pass acts on it until it is true."""

from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from workflows.cluster.classify import Verdict
from workflows.cluster.endings import end_attempt
from workflows.cluster.states import record_event
from workflows.models import ClusterJob, ClusterJobAttempt
from workflows.models.attempt import FINAL
from workflows.models.outcome import OutcomeClass

A = ClusterJobAttempt.State


def request_cancel(*, job_id: UUID, actor: str, reason: str) -> ClusterJob:
    """Ask that a job end; safe to repeat, of a final job too.

    C1. What was never brought to a scheduler is cancelled here and now. For the rest the wish is recorded and the
    pass sends the signals (C2), ends the children (C3), and believes only the scheduler's own end (C4).
    """
    with transaction.atomic():
        # The attempt first, then the job: the order in which endings lock them.
        live = ClusterJobAttempt.objects.filter(job_id=job_id).exclude(state__in=FINAL)
        attempt = live.select_for_update(no_key=True).first()
        job = ClusterJob.objects.select_for_update(no_key=True).get(pk=job_id)
        if job.is_final or job.cancel_requested_at:
            return job
        job.cancel_requested_by, job.cancel_reason = actor[:200], reason[:500]
        job.cancel_requested_at = Now()
        job.save(update_fields=["cancel_requested_at", "cancel_requested_by", "cancel_reason"])
        record_event(row=job, actor=actor, kind="cancel_requested", detail={"reason": reason[:500]})
        if attempt is not None and attempt.state == A.INTENDED:
            cancel_intended(attempt=attempt, actor=actor)
    job.refresh_from_db()
    return job


def cancel_intended(*, attempt: ClusterJobAttempt, actor: str) -> None:
    """End an attempt that no scheduler knows. :raises LostRace: it is on its way already"""
    verdict = Verdict(A.CANCELLED, OutcomeClass.CANCELLED, evidence="cancelled before it was submitted")
    end_attempt(attempt=attempt, verdict=verdict, actor=actor, kind="cancelled")
