"""What was seen of one attempt becomes its row (``spec/cluster-jobs.md`` §2.7, §4.2, steps 3, 5 and 10)."""

import logging
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError

from workflows.cluster import job_files
from workflows.cluster.backends.base import Accounting
from workflows.cluster.classify import (
    FINAL_WORDS,
    HELD_BY_US,
    Facts,
    Verdict,
    adoptable,
    base_word,
    classify,
    missing_is_lost,
)
from workflows.cluster.endings import end_attempt
from workflows.cluster.look import Look
from workflows.cluster.states import ACTOR, MOVES, NO_LEASE, record_event, transition
from workflows.models import ClusterJob, ClusterJobAttempt, PipelineRun
from workflows.models.attempt import FINAL
from workflows.models.outcome import OutcomeClass
from workflows.nextflow.trace import ingest_trace
from workflows.services.attention import clear_attention, raise_attention

logger = logging.getLogger(__name__)

A = ClusterJobAttempt.State


def judge_attempt(look: Look, attempt: ClusterJobAttempt) -> None:
    """Compare one attempt with what was seen, and write only what differs. :raises LostRace: somebody moved it"""
    if attempt.state in (A.INTENDED, A.SUBMITTING):
        return
    if attempt.state in FINAL:
        _update(attempt, _figures(look.accounting_of(attempt)))
        return
    if _is_ghost(look, attempt):
        del look.by_id[str(attempt.backend_job_id)]
    if attempt.state == A.HELD and look.sighting_of(attempt) is None and _never_released(look, attempt):
        return
    verdict = _classified(look, attempt)
    columns = _differences(look, attempt, verdict)
    if columns.keys() & {"raw_state", "reason"} and not verdict.is_final:  # what was told of its former word is over
        clear_attention(subject_kind="job", subject_id=attempt.job_id)
    if verdict.attention:
        text = f"{attempt}: {verdict.word} {columns.get('reason', attempt.reason)}"
        raise_attention(code=verdict.attention, subject_kind="job", subject_id=attempt.job_id, text=text)
    verdict = _kept_open(look, attempt, verdict, columns)
    if verdict.is_final:
        _end(look, attempt, verdict, columns)
    elif verdict.state is not None and verdict.state in MOVES["attempt"][attempt.state]:
        if verdict.state in (A.QUEUED, A.RUNNING) and attempt.released_at is None:
            columns |= {"released_at": look.now} | NO_LEASE
        transition(row=attempt, to=verdict.state, actor=ACTOR, kind="seen", detail={"word": verdict.word}, **columns)
        look.changes += 1
    else:
        _update(attempt, columns)


def _is_ghost(look: Look, attempt: ClusterJobAttempt) -> bool:
    """A held job that ran already: a killed controller came back with what it had saved before. That is no sighting.

    So its own files tell the end, and what is left in the queue is cancelled as a stray. Released again it would be
    refused by the node, which some Slurms take out of service for it.
    """
    seen = look.sighting_of(attempt)
    held = seen is not None and (seen.word, seen.reason) == HELD_BY_US
    return held and (job_files.job_directory(attempt.token) / "started").exists()


def _classified(look: Look, attempt: ClusterJobAttempt) -> Verdict:
    """The pure verdict, and the missing rule where nobody knows the job."""
    sighting = look.sighting_of(attempt)
    ended = sighting is None or base_word(sighting.word) in FINAL_WORDS
    verdict = classify(
        Facts(
            sighting=sighting,
            accounting=look.accounting_of(attempt),
            marker=job_files.read_marker(attempt.token, attempt.backend_job_id) if ended else None,  # 3
            released=attempt.released_at is not None,
            started=ended and (job_files.job_directory(attempt.token) / "started").exists(),
            cancel_requested=attempt.job.cancel_requested_at is not None,
            ending_seconds=_seconds_since(look, attempt.ending_since),
            released_seconds=_seconds_since(look, attempt.released_at),
            grace_seconds=settings.EMG_CONFIG.cluster.times.marker_grace,
            log=job_files.read_log_tail(attempt.token) if ended else "",
        )
    )
    if not verdict.missing or attempt.missing_since is None or not look.both_answered(attempt):
        return verdict
    lost = missing_is_lost(
        passes=attempt.missing_passes + 1,
        seconds=(look.now - attempt.missing_since).total_seconds(),
        lost_after_seconds=settings.EMG_CONFIG.cluster.lost_after_seconds,
        alive_age_seconds=job_files.alive_age_seconds(attempt.token),
    )
    if not lost or look.brake:
        return verdict
    text = f"not seen since {attempt.missing_since:%Y-%m-%d %H:%M} by listing, accounting and its own files"
    if attempt.job.cancel_requested_at:
        return Verdict(A.CANCELLED, OutcomeClass.CANCELLED, evidence=text, own_word=False)
    return Verdict(A.FAILED, OutcomeClass.LOST, evidence=text, own_word=False)


def _seconds_since(look: Look, moment: datetime | None) -> float | None:
    return None if moment is None else (look.now - moment).total_seconds()


def _differences(look: Look, attempt: ClusterJobAttempt, verdict: Verdict) -> dict[str, Any]:
    """The columns that are not yet as they were just seen."""
    sighting = look.sighting_of(attempt)
    seen: dict[str, Any] = {"children_live": len(look.children[attempt.token])}
    if verdict.word:
        seen["raw_state"] = verdict.word
    if sighting is not None:
        seen |= {"reason": sighting.reason[:200], "submit_time": sighting.submit_time, "missing_since": None}
        if verdict.state != A.HELD and sighting.started_at and base_word(sighting.word) not in ("PENDING", ""):
            seen["started_at"] = datetime.fromtimestamp(sighting.started_at, UTC)
    if not verdict.missing:
        seen["missing_passes"] = 0
    elif look.both_answered(attempt):
        seen |= {"missing_since": attempt.missing_since or look.now, "missing_passes": attempt.missing_passes + 1}
    if (verdict.is_final or verdict.state == A.ENDING) and attempt.ending_since is None:
        seen["ending_since"] = look.now
    seen |= _figures(look.accounting_of(attempt))
    return {name: value for name, value in seen.items() if getattr(attempt, name) != value}


def _figures(accounting: Accounting | None) -> dict[str, Any]:
    """What an ended job used; nothing while accounting does not call it ended."""
    if accounting is None or base_word(accounting.word) not in FINAL_WORDS or accounting.ended_at is None:
        return {}
    figures = {
        "peak_rss_mib": accounting.peak_rss_mib,
        "cpu_seconds": accounting.cpu_seconds,
        "node": accounting.node[:200],
        "ended_at": datetime.fromtimestamp(accounting.ended_at, UTC),
    }
    if accounting.started_at:
        figures["started_at"] = datetime.fromtimestamp(accounting.started_at, UTC)
    return {name: value for name, value in figures.items() if value is not None}


def _kept_open(look: Look, attempt: ClusterJobAttempt, verdict: Verdict, columns: dict[str, Any]) -> Verdict:
    """A head that did not succeed stays ENDING until two looks in a row show none of its children.

    A dying head may submit one more; and the next head in its session must find nobody at work there.
    """
    if attempt.job.kind != ClusterJob.Kind.NEXTFLOW or not verdict.is_final or verdict.state == A.SUCCEEDED:
        return verdict
    since = None if look.children[attempt.token] else attempt.childless_since or look.now
    if since != attempt.childless_since:
        columns["childless_since"] = since
    wait = settings.EMG_CONFIG.cluster.times.childless if attempt.job.cancel_requested_at else 0
    if since is not None and since < look.now and (look.now - since).total_seconds() >= wait:
        return verdict
    return Verdict(A.ENDING, word=verdict.word)


def _end(look: Look, attempt: ClusterJobAttempt, verdict: Verdict, columns: dict[str, Any]) -> None:
    if not verdict.own_word:
        job_files.revoke_fence(attempt.token)  # a ghost in a queue cannot start beside the next attempt
    if attempt.job.kind == ClusterJob.Kind.NEXTFLOW:
        _read_trace(attempt)
    columns["log_tail"] = job_files.read_log_tail(attempt.token)
    if verdict.state == A.SUCCEEDED and attempt.job.cancel_requested_at:
        record_event(row=attempt, actor=ACTOR, kind="cancel_too_late")
    columns.pop("missing_since", None)
    if attempt.ended_at is not None:
        columns.setdefault("ended_at", attempt.ended_at)
    end_attempt(attempt=attempt, verdict=verdict, actor=ACTOR, **columns)
    look.changes += 1


def _read_trace(attempt: ClusterJobAttempt) -> None:
    head = PipelineRun.objects.filter(attempt=attempt).first()
    if head is None:
        return
    try:
        ingest_trace(pipeline_run=head, path=job_files.job_directory(attempt.token) / "trace.tsv")
    except (OSError, ValueError, DatabaseError) as error:  # a damaged trace must not keep an ended job open
        logger.exception("trace of %s", attempt.token)
        text = f"{attempt.job.name}, {attempt.token}: {error}"
        raise_attention(code="trace_unreadable", subject_kind="attempt", subject_id=attempt.pk, text=text)


def _update(attempt: ClusterJobAttempt, columns: dict[str, Any]) -> None:
    columns = {name: value for name, value in columns.items() if getattr(attempt, name) != value}
    if columns:
        ClusterJobAttempt.objects.filter(pk=attempt.pk, state=attempt.state).update(**columns)


def _never_released(look: Look, attempt: ClusterJobAttempt) -> bool:
    """A held job the scheduler does not have: without a fence it cannot have run, so it may be submitted again."""
    submitter_is_at_work = attempt.lease_until is not None and attempt.lease_until > look.now
    if submitter_is_at_work or job_files.fence_is_written(attempt.token):
        return submitter_is_at_work
    gone = {"backend_job_id": attempt.backend_job_id}
    columns: dict[str, Any] = {"submit_time": None, "backend_job_id": adoptable(look.sightings or [], attempt.token)}
    if columns["backend_job_id"]:
        if ClusterJobAttempt.objects.filter(pk=attempt.pk, state=A.HELD, **gone).update(**columns):
            record_event(row=attempt, actor=ACTOR, kind="repointed", detail={"from": gone, "to": columns})
    else:
        transition(row=attempt, to=A.INTENDED, actor=ACTOR, kind="gone_unreleased", detail=gone, **columns | NO_LEASE)
    look.changes += 1
    return True
