import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from workflows.cluster.states import BORN, MOVES, NOUNS, IllegalMove, record_event, transition
from workflows.models import ClusterJob, ClusterJobAttempt, FlowRun, WorkEvent

pytestmark = pytest.mark.django_db
STATES = {noun: sorted({state for tos in moves.values() for state in tos}) for noun, moves in MOVES.items()}
MODELS = {noun: model for model, noun in NOUNS.items()}


def new_job():
    job = ClusterJob.objects.create(logical_key=uuid.uuid4(), name="a", kind="COMMAND", backend="local", spec={})
    record_event(row=job, actor="test", kind="made", to_state="OPEN")
    return job


def new_attempt():
    # It has an id from the start, so that only the guards can be in the way of a move.
    asked = {"memory_mib": 1, "time_limit_seconds": 1, "backend_job_id": "1", "token": uuid.uuid4().hex[:26]}
    attempt = ClusterJobAttempt.objects.create(job=new_job(), number=1, **asked)
    record_event(row=attempt, actor="test", kind="made", to_state="INTENDED")
    return attempt


def new_flow_run():
    run = FlowRun.objects.create(deployment="d", source="test", run_key=uuid.uuid4().hex)
    record_event(row=run, actor="test", kind="made", to_state="requested")
    return run


NEW = {"job": new_job, "attempt": new_attempt, "flow_run": new_flow_run}


def columns_for(noun, state):
    """What the check constraints want beside the state."""
    final = state not in MOVES[noun]
    if noun == "job":
        return {
            "final_at": Now() if final else None,
            "outcome_class": "EXIT" if state in ("FAILED", "CANCELLED") else None,
        }
    if noun == "flow_run":
        return {"ended_at": Now() if final else None}
    return {}


def brought_to(noun, state):
    """A new row, walked to that state by allowed moves."""
    row = NEW[noun]()
    paths = {row.state: []}
    while state not in paths:
        for at, path in list(paths.items()):
            for to in MOVES[noun].get(at, ()):
                paths.setdefault(to, [*path, to])
    for to in paths[state]:
        transition(row=row, to=to, actor="test", kind="walk", **columns_for(noun, to))
    return row


@pytest.mark.parametrize("noun", NEW)
def test_by_the_service(noun):
    for before in STATES[noun]:
        row = brought_to(noun, before)
        for to in STATES[noun]:
            if to not in MOVES[noun].get(before, ()):
                with pytest.raises(IllegalMove):
                    transition(row=row, to=to, actor="test", kind="cheat")


def write_past_the_service(noun, row, to):
    MODELS[noun].objects.filter(pk=row.pk).update(state=to, **columns_for(noun, to))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize("noun", NEW)
def test_by_raw_update(noun):
    for before in STATES[noun]:
        row = brought_to(noun, before)
        for to in STATES[noun]:
            if to == before:
                continue
            legal = to in MOVES[noun].get(before, ())
            with pytest.raises(IntegrityError, match="last event" if legal else "illegal move"), transaction.atomic():
                write_past_the_service(noun, row, to)


def test_a_row_cannot_be_born_in_the_middle():
    with pytest.raises(IntegrityError, match="illegal move"), transaction.atomic():
        ClusterJob.objects.create(
            logical_key="k", name="a", kind="COMMAND", backend="local", spec={}, state="SUCCEEDED", final_at=Now()
        )


def test_an_event_cannot_be_rewritten():
    event = new_job().events.get()
    with pytest.raises(IntegrityError, match="append only"), transaction.atomic():
        WorkEvent.objects.filter(pk=event.pk).update(to_state="SUCCEEDED")


@pytest.mark.parametrize("noun", MOVES)
def test_the_database_holds_the_same_moves(noun):
    with connection.cursor() as cursor:
        cursor.execute("SELECT from_state, to_state FROM allowed_move WHERE noun = %s", [noun])
        stored = set(cursor.fetchall())
    assert stored == {(before, to) for before, tos in MOVES[noun].items() for to in tos}
    assert BORN in MOVES[noun]
