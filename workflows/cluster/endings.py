"""How an attempt ends, and what its job does then: end too, or try again (``spec/cluster-jobs.md`` §2.8)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from workflows.cluster.classify import OURS_TO_REPEAT, Verdict
from workflows.cluster.identity import new_token
from workflows.cluster.secrets import mask
from workflows.cluster.states import NO_LEASE, record_event, transition
from workflows.models import ClusterJob, ClusterJobAttempt
from workflows.models.outcome import OutcomeClass
from workflows.services.attention import clear_attention

BACK_OFF_MINUTES = (1, 5, 15, 30, 60)
MAX_ATTEMPTS = 6
ASKED = ("memory_mib", "cpus", "time_limit_seconds", "partition")  # what each attempt asks for itself
EVIDENCE_CHARACTERS = 500


def back_off(outcomes: Sequence[str | None], *, max_attempts: int | None) -> timedelta | None:
    """How long to wait before the next attempt, None if there is none. Pure.

    :param outcomes: the outcome class of each attempt so far, the one just ended last
    """
    repeats = sum(outcome in OURS_TO_REPEAT for outcome in outcomes)
    allowed = MAX_ATTEMPTS if max_attempts is None else min(max_attempts, MAX_ATTEMPTS)
    if outcomes[-1] not in OURS_TO_REPEAT or len(outcomes) >= allowed or repeats > len(BACK_OFF_MINUTES):
        return None
    return timedelta(minutes=BACK_OFF_MINUTES[repeats - 1])


def create_attempt(*, job: ClusterJob, number: int, actor: str, like: dict[str, Any]) -> ClusterJobAttempt:
    """A new try under a new token. Joins the caller's transaction.

    :param like: what it asks of the scheduler, and ``not_before``
    """
    attempt = ClusterJobAttempt.objects.create(job=job, number=number, token=new_token(), **like)
    record_event(row=attempt, actor=actor, kind="attempt_intended", to_state=attempt.state)
    return attempt


def end_attempt(
    *,
    attempt: ClusterJobAttempt,
    verdict: Verdict,
    actor: str,
    kind: str = "ended",
    when: Q | None = None,
    **columns: Any,
) -> None:
    """Move an attempt to its end; its job ends, or gets its next attempt, in the same transaction.

    :raises LostRace: somebody else ended it
    """
    evidence = mask(verdict.evidence)[:EVIDENCE_CHARACTERS]
    columns = {"ended_at": Now(), "exit_code": verdict.exit_code, "evidence": evidence} | columns
    state, outcome = ClusterJobAttempt.State(verdict.state or ""), verdict.outcome_class
    with transaction.atomic():
        transition(
            row=attempt,
            to=state,
            actor=actor,
            kind=kind,
            when=when,
            detail={"class": outcome, "exit_code": verdict.exit_code, "evidence": evidence, "word": verdict.word},
            outcome_class=outcome,
            missing_since=None,
            **NO_LEASE | columns,
        )
        clear_attention(subject_kind="job", subject_id=attempt.job_id)
        job = ClusterJob.objects.select_for_update(no_key=True).get(pk=attempt.job_id)
        outcomes = list(job.attempts.order_by("number").values_list("outcome_class", flat=True))
        delay = back_off(outcomes, max_attempts=job.spec.get("max_attempts"))
        if delay is not None and job.cancel_requested_at is None:
            like = {name: getattr(attempt, name) for name in ASKED}
            create_attempt(job=job, number=attempt.number + 1, actor=actor, like=like | {"not_before": Now() + delay})
            return
        cancelled = delay is not None  # it would have been tried again, but somebody asked to stop
        transition(
            row=job,
            to=ClusterJob.State.CANCELLED if cancelled else state,
            actor=actor,
            kind="job_ended",
            outcome_class=OutcomeClass.CANCELLED if cancelled else outcome,
            evidence=evidence,
            final_at=Now(),
        )
