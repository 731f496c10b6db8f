import threading
import uuid

import pytest
from django.db import IntegrityError, connection, connections, transaction

from analyses.models import Analysis, AnalysisEvent, AnalysisState
from analyses.states import MOVES, IllegalMove, LostRace, PreconditionFailed, move_analyses, move_analysis
from analyses.tests.factories import make_analysis, make_run, make_study

pytestmark = pytest.mark.django_db
JOB = uuid.uuid4()
PAIRS = [(frm, to) for frm in AnalysisState for to in AnalysisState]
ILLEGAL = [(frm, to) for frm, to in PAIRS if to not in MOVES[frm]]


def new_analysis(state="planned"):
    return make_analysis(make_run(make_study()), state)


def commit():
    """What a commit checks."""
    connection.check_constraints()


def test_illegal_moves_fail_at_the_door():
    for frm, to in ILLEGAL:
        with pytest.raises(IllegalMove):
            move_analyses(ids=[], frm=frm, to=to, actor="test", reason_code="curator", cluster_job_id=JOB)


def test_illegal_moves_fail_by_sql():
    analyses = {state: new_analysis(state) for state in AnalysisState}
    for frm, to in ILLEGAL:
        if frm != to:
            with pytest.raises(IntegrityError, match="cannot move"), transaction.atomic():
                Analysis.objects.filter(pk=analyses[frm].pk).update(state=to)


def test_the_database_knows_the_same_moves():
    with connection.cursor() as cursor:
        cursor.execute("SELECT from_state, to_state FROM allowed_move WHERE noun = 'analysis'")
        assert set(cursor.fetchall()) == {(frm, to) for frm, to in PAIRS if to in MOVES[frm]}


def test_every_move_has_one_event():
    analysis = new_analysis()
    moved = move_analysis(analysis_id=analysis.pk, to="running", actor="user:anna", cluster_job_id=JOB, note="go")
    event = AnalysisEvent.objects.get(from_state="planned")
    assert moved.state == event.to_state == "running"
    assert (event.actor, event.note, event.cluster_job_id) == ("user:anna", "go", JOB)
    commit()


def test_a_state_without_its_event_is_refused_at_commit():
    analysis = new_analysis()
    Analysis.objects.filter(pk=analysis.pk).update(state="running")
    with pytest.raises(IntegrityError, match="last event says planned"), transaction.atomic():
        commit()
    connection.set_rollback(True)


def test_an_event_without_its_state_is_refused_at_commit():
    analysis = new_analysis()
    AnalysisEvent.objects.create(analysis=analysis, to_state="published", actor="test")
    with pytest.raises(IntegrityError, match="is planned"), transaction.atomic():
        commit()
    connection.set_rollback(True)


@pytest.mark.parametrize("change", [lambda events: events.update(note="x"), lambda events: events.delete()])
def test_events_are_append_only(change):
    new_analysis()
    with pytest.raises(IntegrityError, match="append only"), transaction.atomic():
        change(AnalysisEvent.objects.all())


def test_moves_say_all_that_is_missing():
    analysis = new_analysis()
    with pytest.raises(PreconditionFailed, match="cluster_job_id"):
        move_analysis(analysis_id=analysis.pk, to="running", actor="test")
    with pytest.raises(PreconditionFailed, match="reason_code"):
        move_analysis(analysis_id=analysis.pk, to="blocked", actor="test")
    with pytest.raises(PreconditionFailed, match="'because' is not one of"):
        move_analysis(analysis_id=analysis.pk, to="blocked", actor="test", reason_code="because")
    unready = new_analysis("imported")
    with pytest.raises(PreconditionFailed) as refused:
        move_analysis(
            analysis_id=unready.pk, to="published", actor="test", evidence={"required_sources": ["taxonomies.ssu"]}
        )
    assert refused.value.failures == [
        "results_area is none",
        "external_results_dir is not set",
        "no annotations from taxonomies.ssu",
    ]
    assert AnalysisEvent.objects.count() == 2


def test_a_set_moves_those_that_are_there():
    planned, blocked = new_analysis(), new_analysis("blocked")
    ids = [planned.pk, blocked.pk]
    moved = move_analyses(ids=ids, frm="planned", to="running", actor="test", cluster_job_id=JOB)
    assert moved == [planned.pk]
    assert move_analyses(ids=ids, frm="planned", to="running", actor="test", cluster_job_id=JOB) == []
    assert AnalysisEvent.objects.filter(to_state="running").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_movers_one_wins():
    analysis = new_analysis()
    outcomes, start = [], threading.Barrier(2)

    def move():
        start.wait()
        try:
            move_analysis(analysis_id=analysis.pk, to="running", actor="test", cluster_job_id=JOB)
            outcomes.append("moved")
        except (LostRace, IllegalMove):
            outcomes.append("lost")
        finally:
            connections.close_all()

    movers = [threading.Thread(target=move) for _ in range(2)]
    for mover in movers:
        mover.start()
    for mover in movers:
        mover.join(10)
    assert sorted(outcomes) == ["lost", "moved"]
    assert AnalysisEvent.objects.filter(to_state="running").count() == 1
