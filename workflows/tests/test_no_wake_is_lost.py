"""S1, S3: whenever the job ends and whatever is killed, the body goes on, once, with the same job."""

import os
import signal
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from prefect.client.orchestration import get_client
from prefect.states import Paused, Pending, Running

from workflows.prefect_utils.waker import wake

from workflows.cluster.states import transition
from workflows.models import ClusterJob, Duty, FlowRun
from workflows.tests.bodies.sleepers import sleeper
from workflows.tests.flows_by_hand import (
    children_of,
    end_job,
    make_run,
    prefect_state,
    processes,
    start_in_prefect,
    state_of,
    words,
)
from workflows.tests.jobs_by_hand import wait_until

pytestmark = pytest.mark.prefect


def row(prefect_id):
    return FlowRun.objects.filter(prefect_id=prefect_id).first()


def say_running_for_ever(run_id, worker):
    """As after a power cut. The living worker says Crashed, and again after its hooks: let it finish first."""
    wait_until(lambda: prefect_state(run_id).is_crashed() and not children_of(worker.pid), seconds=60)
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run_id, Running(), force=True)


def test_a_job_may_end_at_any_point_of_going_to_sleep(deployed_flows, duties, tmp_path):
    points = ("armed", "before_suspend", "after_suspend")
    ids = {
        point: start_in_prefect("Sleeper", name=point, ledger=str(tmp_path / point), failpoint=f"{point}:sleep=3")
        for point in points
    }
    open_points = set(points)
    while open_points:
        duties(lambda: any((found := row(ids[point])) and found.waiting for point in open_points))
        for point in sorted(open_points):
            there = (found := row(ids[point])) and found.waiting
            if there and (point != "after_suspend" or prefect_state(ids[point]).is_paused()):
                end_job(point)
                open_points.remove(point)

    duties(lambda: all(state_of(row(ids[point])) == "completed" for point in points))
    assert [words(tmp_path / point)["done:SUCCEEDED"] for point in points] == [1, 1, 1]
    assert ClusterJob.objects.count() == 3


def test_a_run_that_makes_no_sense_leaves_the_others_awake(prefect_server, duties, settings):
    times = settings.EMG_CONFIG.cluster.times.model_copy(update={"dead_after": 0.5})
    cluster = settings.EMG_CONFIG.cluster.model_copy(update={"times": times})
    settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={"cluster": cluster})
    Duty.objects.create(name="waker", ok_since=timezone.now() - timedelta(minutes=1))
    with get_client(sync_client=True) as client:
        odd = client.create_flow_run(sleeper, state=Paused(pause_key="ask-what", reschedule=True)).id
        silent = client.create_flow_run(sleeper, state=Running()).id
    make_run(prefect_id=odd)
    revived = make_run(prefect_id=silent, revivals=5)  # and dead before it entered
    transition(row=revived, to="crashed", actor="test", kind="crashed")
    time.sleep(times.dead_after + 2.5)  # the clock in Prefect's answers goes in seconds, and late
    wake()
    assert prefect_state(silent).is_crashed()
    FlowRun.objects.update(next_try_at=timezone.now())
    wake()
    revived.refresh_from_db()
    assert revived.revivals == 6
    assert revived.next_try_at > timezone.now() + timedelta(seconds=20)


def test_a_body_that_loses_the_database_goes_on_with_its_job(deployed_flows, duties, tmp_path):
    ledger = tmp_path / "ledger"
    run_id = start_in_prefect("Sleeper", name="cut off", ledger=str(ledger), failpoint="armed:sleep=3")
    duties(lambda: words(ledger)["waits"] == 1 and row(run_id).waiting)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    end_job("cut off")
    duties(lambda: state_of(row(run_id)) == "completed")
    assert (row(run_id).execution, words(ledger)["done:SUCCEEDED"]) == (2, 1)


def test_a_killed_body_goes_on_with_its_job(deployed_flows, duties, tmp_path):
    ledger = tmp_path / "ledger"
    run_id = start_in_prefect("Sleeper", name="killed", ledger=str(ledger), failpoint="armed:sleep=60")
    duties(lambda: words(ledger)["waits"] == 1 and row(run_id).waiting)
    os.kill(processes(ledger)[-1], signal.SIGKILL)
    duties(lambda: prefect_state(run_id).is_crashed())
    end_job("killed")
    duties(lambda: state_of(row(run_id)) == "completed")
    assert (row(run_id).execution, row(run_id).revivals > 0) == (2, True)
    assert words(ledger) == {"entered": 2, "waits": 2, "done:SUCCEEDED": 1}
    assert ClusterJob.objects.count() == 1


def test_a_run_whose_machine_vanished_is_revived(deployed_flows, worker, duties, tmp_path):
    """Worker and engine died together: Prefect says Running for ever, and no beat comes any more."""
    ledger = tmp_path / "ledger"
    run_id = start_in_prefect("Sleeper", name="vanished", ledger=str(ledger), failpoint="armed:sleep=60")
    duties(lambda: words(ledger)["waits"] == 1 and row(run_id).waiting)
    os.kill(processes(ledger)[-1], signal.SIGKILL)
    say_running_for_ever(run_id, worker)
    end_job("vanished")
    FlowRun.objects.update(next_try_at=timezone.now())

    Duty.objects.create(name="waker", ok_since=None)
    with pytest.raises(AssertionError, match="never came"):  # who has not watched may not call it dead
        duties(lambda: state_of(row(run_id)) == "crashed", seconds=6)
    Duty.objects.update(ok_since=timezone.now() - timedelta(minutes=1))
    FlowRun.objects.update(next_try_at=timezone.now())
    duties(lambda: state_of(row(run_id)) == "completed")
    assert words(ledger)["done:SUCCEEDED"] == 1


def test_a_run_that_a_dead_worker_had_taken_is_given_out_again(deployed_flows, duties, tmp_path):
    """Killed between taking a run and starting its process: Prefect says Pending for ever."""
    ledger = tmp_path / "ledger"
    run_id = start_in_prefect("Sleeper", name="taken", ledger=str(ledger))
    duties(lambda: prefect_state(run_id).is_paused() and row(run_id).waiting)
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run_id, Pending(), force=True)
    end_job("taken")
    Duty.objects.create(name="waker", ok_since=timezone.now() - timedelta(minutes=1))
    duties(lambda: state_of(row(run_id)) == "completed")
    assert words(ledger)["done:SUCCEEDED"] == 1


def test_a_parent_waits_for_its_children(deployed_flows, duties, tmp_path):
    ledger = tmp_path / "ledger"
    run_id = start_in_prefect("Parent", name="family", ledger=str(ledger))
    duties(lambda: ClusterJob.objects.count() == 2)
    for child in ("family-0", "family-1"):
        end_job(child)
    duties(lambda: (found := row(run_id)) and found.state == "completed")
    assert words(ledger)["child:completed"] == 2
    assert FlowRun.objects.count() == 3


def test_a_failed_run_is_closed_and_a_retry_is_a_new_life(deployed_flows, duties, tmp_path):
    from prefect.states import AwaitingRetry

    run_id = start_in_prefect("Failer", ledger=str(tmp_path / "ledger"))
    duties(lambda: (found := row(run_id)) and found.state == "failed")
    assert "always fails" in row(run_id).error
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run_id, AwaitingRetry())
    duties(lambda: list(FlowRun.objects.order_by("number").values_list("generation", "number", "state")) == [
        (1, 1, "failed"), (2, 2, "failed")
    ])  # fmt: skip
