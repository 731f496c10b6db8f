"""The allowed moves of all nouns of this room, and the one door they go through (``spec/cluster-jobs.md`` §1.3)."""

import json
from collections.abc import Mapping, Set
from typing import Any

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, Q

from workflows.models import Batch, ClusterJob, ClusterJobAttempt, FlowRun, WorkEvent

A, J, F, B = ClusterJobAttempt.State, ClusterJob.State, FlowRun.State, Batch.State
ENDS = {A.SUCCEEDED, A.FAILED, A.CANCELLED}
BORN = ""  # the state before the first

# From HELD on a state may be skipped: a pass sees levels, not edges.
ATTEMPT_MOVES = {
    BORN: {A.INTENDED},
    A.INTENDED: {A.SUBMITTING, A.CANCELLED},
    A.SUBMITTING: {A.HELD, A.INTENDED, A.FAILED},
    A.HELD: {A.QUEUED, A.RUNNING, A.ENDING, A.INTENDED} | ENDS,
    A.QUEUED: {A.RUNNING, A.ENDING} | ENDS,
    A.RUNNING: {A.QUEUED, A.ENDING} | ENDS,
    A.ENDING: ENDS,
}
JOB_MOVES = {BORN: {J.OPEN}, J.OPEN: {J.SUCCEEDED, J.FAILED, J.CANCELLED}}
# A run that nobody asked us for is first met running.
FLOW_RUN_MOVES = {
    BORN: {F.REQUESTED, F.RUNNING},
    F.REQUESTED: {F.LAUNCHING, F.REFUSED, F.CANCELLED},
    F.LAUNCHING: {F.LAUNCHED, F.RUNNING, F.REQUESTED, F.REFUSED, F.CANCELLED},
    F.LAUNCHED: {F.RUNNING, F.SUSPENDED, F.COMPLETED, F.FAILED, F.CRASHED, F.CANCELLED},
    F.RUNNING: {F.SUSPENDED, F.COMPLETED, F.FAILED, F.CRASHED, F.CANCELLED},
    F.SUSPENDED: {F.RUNNING, F.COMPLETED, F.FAILED, F.CRASHED, F.CANCELLED},
    F.CRASHED: {F.RUNNING, F.COMPLETED, F.FAILED, F.CANCELLED},
}
# Planned again with the same members it is the same batch: its folders, its session, its finished work.
BATCH_MOVES = {BORN: {B.OPEN}, B.OPEN: {B.DONE, B.CANCELLED}, B.DONE: {B.OPEN}, B.CANCELLED: {B.OPEN}}

# The noun is the name of the event's foreign key, and of the rows in ``allowed_move``.
Noun = ClusterJob | ClusterJobAttempt | FlowRun | Batch
NOUNS: dict[type[Model], str] = {ClusterJob: "job", ClusterJobAttempt: "attempt", FlowRun: "flow_run", Batch: "batch"}
MOVES: dict[str, Mapping[str, Set[str]]] = {
    "job": JOB_MOVES,
    "attempt": ATTEMPT_MOVES,
    "flow_run": FLOW_RUN_MOVES,
    "batch": BATCH_MOVES,
}
CHANNELS = {"job": "emg_jobs", "attempt": "emg_jobs", "flow_run": "emg_flow_runs"}
ACTOR = "scheduler"  # who the job layer itself is in the events
NO_LEASE = {"lease_owner": None, "lease_until": None}  # columns of an attempt that nobody is submitting
DETAIL_BYTES = 4096


class IllegalMove(Exception):
    """That noun never moves so."""


class LostRace(Exception):
    """Somebody else moved the row first: read it again, decide again."""


def transition(
    *,
    row: Noun,
    to: str,
    actor: str,
    kind: str,
    detail: dict[str, Any] | None = None,
    when: Q | None = None,
    **columns: Any,
) -> None:
    """Move a row from the state it was read in to another, with its event, in one transaction.

    Joins an open transaction. On success the row in hand carries the new values.

    :param when: a further condition of the compare-and-set, e.g. that a lease is still ours
    :raises IllegalMove: the pair is not in :data:`MOVES`
    :raises LostRace: the row is no longer in that state, or ``when`` does not hold
    """
    noun, before = NOUNS[type(row)], row.state
    if to not in MOVES[noun].get(before, set()):
        raise IllegalMove(f"{noun} {row.pk}: {before} → {to}")
    with transaction.atomic():
        matching = type(row).objects.filter(when or Q(), pk=row.pk, state=before)
        if not matching.update(state=to, **columns):
            raise LostRace(f"{noun} {row.pk} is not {before} any more")
        record_event(row=row, actor=actor, kind=kind, from_state=before, to_state=to, detail=detail)
    row.refresh_from_db(fields=["state", *columns])


def record_event(
    *,
    row: Noun,
    actor: str,
    kind: str,
    from_state: str | None = None,
    to_state: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Write what happened to a row; without states it is a remark. A new row needs one with its first ``to_state``."""
    detail = detail or {}
    if len(json.dumps(detail, default=str)) > DETAIL_BYTES:
        detail = {"cut": json.dumps(detail, default=str)[: DETAIL_BYTES // 2]}
    noun = NOUNS[type(row)]
    WorkEvent.objects.create(
        **{noun: row}, actor=actor, kind=kind, from_state=from_state, to_state=to_state, detail=detail
    )
    notify(row)


def notify(row: Noun) -> None:
    """Tell the listeners at commit that this row changed."""
    channel = CHANNELS.get(NOUNS[type(row)])
    subject = row.job_id if isinstance(row, ClusterJobAttempt) else row.pk
    if channel is not None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [channel, str(subject)])


def load_allowed_moves(database: BaseDatabaseWrapper) -> None:
    """Write :data:`MOVES` where the guards read them. Called by migrations, again after each change of the dict."""
    rows = [(noun, before, to) for noun, moves in MOVES.items() for before, tos in moves.items() for to in sorted(tos)]
    with database.cursor() as cursor:
        cursor.execute("DELETE FROM allowed_move WHERE noun = ANY (%s)", [list(MOVES)])
        cursor.executemany("INSERT INTO allowed_move (noun, from_state, to_state) VALUES (%s, %s, %s)", rows)
