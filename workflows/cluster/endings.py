"""How an attempt ends, and what its job does then: end too, or try again (``spec/cluster-jobs.md`` §2.8)."""

from collections.abc import Sequence
from datetime import timedelta
from math import ceil
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from workflows.cluster.backends import get_backend
from workflows.cluster.classify import OURS_TO_REPEAT, Verdict
from workflows.cluster.identity import new_token
from workflows.cluster.secrets import mask
from workflows.cluster.states import NO_LEASE, record_event, transition
from workflows.models import ClusterJob, ClusterJobAttempt
from workflows.models.outcome import OutcomeClass
from workflows.services.attention import clear_attention

BACK_OFF_MINUTES = (1, 5, 15, 30, 60)
# What ran out, and is asked more of the next time.
GROWS: dict[str | None, str] = {OutcomeClass.OOM: "memory_mib", OutcomeClass.TIMEOUT: "time_limit_seconds"}
MAX_GROWTHS, MEMORY_STEP_MIB = 3, 256
MAX_ATTEMPTS = 6
ASKED = ("memory_mib", "cpus", "time_limit_seconds", "partition")  # what each attempt asks for itself
EVIDENCE_CHARACTERS = 500


def back_off(outcomes: Sequence[str | None], *, max_attempts: int | None) -> timedelta | None:
    """How long to wait before the next attempt, None if there is none. Pure.

    :param outcomes: the outcome class of each attempt so far, the one just ended last
    """
    last, repeats = outcomes[-1], sum(outcome in OURS_TO_REPEAT for outcome in outcomes)
    if len(outcomes) >= (MAX_ATTEMPTS if max_attempts is None else min(max_attempts, MAX_ATTEMPTS)):
        return None
    if last in OURS_TO_REPEAT and repeats <= len(BACK_OFF_MINUTES):
        return timedelta(minutes=BACK_OFF_MINUTES[repeats - 1])
    return timedelta(0) if last in GROWS and outcomes.count(last) <= MAX_GROWTHS else None


def grown(name: str, asked: int, *, peak_rss_mib: int | None, most: int | None) -> int:
    """What to ask instead of ``asked`` MiB or seconds that were not enough; not more than ``most``. Pure."""
    wanted = 2 * asked
    if name == "memory_mib":
        wanted = ceil(max(1.5 * asked, 1.25 * (peak_rss_mib or 0)) / MEMORY_STEP_MIB) * MEMORY_STEP_MIB
    return max(asked, wanted if most is None else min(wanted, most))


def _asked_next(attempt: ClusterJobAttempt, outcome: str | None, peak_rss_mib: int | None) -> dict[str, Any]:
    """What the next attempt would ask: the same, but more of what ran out. Looks up the scheduler's limits then."""
    asked = {name: getattr(attempt, name) for name in ASKED}
    if name := GROWS.get(outcome):
        limits = get_backend(attempt.job.backend).limits(attempt.partition)
        most = limits.memory_mib if name == "memory_mib" else limits.seconds
        asked[name] = grown(name, asked[name], peak_rss_mib=peak_rss_mib, most=most)
    return asked


def create_attempt(
    *, job: ClusterJob, number: int, actor: str, like: dict[str, Any], detail: dict[str, Any] | None = None
) -> ClusterJobAttempt:
    """A new try under a new token. Joins the caller's transaction.

    :param like: what it asks of the scheduler, ``not_before``, and the token of one that has it already
    """
    attempt = ClusterJobAttempt.objects.create(job=job, number=number, **{"token": new_token()} | like)
    record_event(row=attempt, actor=actor, kind="attempt_intended", to_state=attempt.state, detail=detail)
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
    peak = columns.get("peak_rss_mib", attempt.peak_rss_mib)
    before, asked = {name: getattr(attempt, name) for name in ASKED}, _asked_next(attempt, outcome, peak)
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
        if delay is not None and outcome in GROWS and asked == before:
            delay, evidence = None, f"{evidence[:400]}; at the limit: {GROWS[outcome]} {asked[GROWS[outcome]]}"
        if delay is not None and job.cancel_requested_at is None:
            why = {"after": outcome, "peak_rss_mib": peak, "asked_before": before} if asked != before else None
            like = asked | {"not_before": Now() + delay}
            create_attempt(job=job, number=attempt.number + 1, actor=actor, like=like, detail=why)
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
