"""S1, S3: whenever the job ends and whatever is killed, the body goes on, once, with the same job."""

import os
import signal
import time
from datetime import timedelta

import pytest
from django.utils import timezone
from prefect.client.orchestration import get_client
from prefect.states import Running

from workflows.models import ClusterJob, Duty, FlowRun
from workflows.tests.flows_by_hand import end_job, prefect_state, processes, start_in_prefect, state_of, words

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]


def row(prefect_id):
    return FlowRun.objects.filter(prefect_id=prefect_id).first()


def say_running_for_ever(run_id):
    """As after a power cut; the living worker may say Crashed more than once, so until it has nothing to add."""
    with get_client(sync_client=True) as client:
        for _ in range(20):
            crashed = prefect_state(run_id).is_crashed()
            if crashed:
                client.set_flow_run_state(run_id, Running(), force=True)
            time.sleep(3)
            if not crashed and prefect_state(run_id).is_running() and len(client.read_flow_run_states(run_id)) > 3:
                return


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


def test_a_run_whose_machine_vanished_is_revived(deployed_flows, duties, tmp_path):
    """Worker and engine died together: Prefect says Running for ever, and no beat comes any more."""
    ledger = tmp_path / "ledger"
    run_id = start_in_prefect("Sleeper", name="vanished", ledger=str(ledger), failpoint="armed:sleep=60")
    duties(lambda: words(ledger)["waits"] == 1 and row(run_id).waiting)
    os.kill(processes(ledger)[-1], signal.SIGKILL)
    say_running_for_ever(run_id)
    end_job("vanished")
    FlowRun.objects.update(next_try_at=timezone.now())

    Duty.objects.create(name="waker", ok_since=None)
    with pytest.raises(AssertionError, match="never came"):  # who has not watched may not call it dead
        duties(lambda: state_of(row(run_id)) == "crashed", seconds=6)
    Duty.objects.update(ok_since=timezone.now() - timedelta(minutes=1))
    FlowRun.objects.update(next_try_at=timezone.now())
    duties(lambda: state_of(row(run_id)) == "completed")
    assert words(ledger)["done:SUCCEEDED"] == 1


def test_a_cancel_of_a_sleeper_cancels_its_job(deployed_flows, duties, tmp_path):
    from workflows.services.flow_runs import request_flow_cancel

    run_id = start_in_prefect("Sleeper", name="cancelled", ledger=str(tmp_path / "ledger"))
    duties(lambda: row(run_id) is not None and row(run_id).state == "suspended" and prefect_state(run_id).is_paused())
    request_flow_cancel(flow_run_id=row(run_id).pk, actor="user:test")
    duties(lambda: state_of(row(run_id)) == "cancelled")
    assert prefect_state(run_id).is_cancelled()
    assert ClusterJob.objects.get().state == "CANCELLED"


def test_a_parent_waits_for_its_children(deployed_flows, duties, tmp_path):
    ledger = tmp_path / "ledger"
    run_id = start_in_prefect("Parent", name="family", ledger=str(ledger))
    duties(lambda: ClusterJob.objects.count() == 2)
    for child in ("family-0", "family-1"):
        end_job(child)
    duties(lambda: (found := row(run_id)) and found.state == "completed", seconds=90)
    assert words(ledger)["child:completed"] == 2
    assert FlowRun.objects.count() == 3


def test_the_same_subject_twice_does_nothing_the_second_time(deployed_flows, duties, tmp_path):
    ledger = tmp_path / "ledger"
    first = start_in_prefect("Sleeper", name="twice", ledger=str(ledger))
    duties(lambda: (found := row(first)) and found.state == "suspended")
    second = start_in_prefect("Sleeper", name="twice", ledger=str(ledger))
    duties(lambda: prefect_state(second).is_completed())
    assert prefect_state(second).name == "AlreadyRunning"
    assert (words(ledger)["entered"], row(second)) == (1, None)


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
