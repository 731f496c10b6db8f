"""S7: one request is one row, one row is one run of Prefect, whoever dies in between."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DataError, connections, transaction
from django.db.models.functions import Now
from django.utils import timezone
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter

from workflows.prefect_utils.entering import enter_run
from workflows.prefect_utils.launcher import launch

from workflows.launchable import ParametersRefused, UnknownDeployment
from workflows.models import Attention, ClusterJob, FlowRun
from workflows.services.flow_runs import ask_for_run, close_flow_run, request_flow_cancel
from workflows.tests.flows_by_hand import ask, make_run, prefect_state, start_in_prefect, state_of, words
from workflows.tests.jobs_by_hand import make_job
from workflows.tests.prefect import REPOSITORY, for_our_processes

LAUNCH = """
from workflows.prefect_utils.launcher import launch
from workflows.tests.bodies import offer
offer(), launch()
"""
STUDY = {"study_accession": "PRJEB99900001", "pipeline": "mini_amplicon"}


def ask_to_analyse(run_key, **parameters):
    return ask_for_run(
        deployment="analyse_study_deployment", parameters=STUDY | parameters, source="api", run_key=run_key, actor="t"
    )


def in_parallel(calls):
    def one(call):
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        return list(pool.map(one, calls))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("run_keys", [["same"] * 20, [f"key-{n}" for n in range(20)]], ids=["one key", "one subject"])
def test_twenty_equal_requests_are_one_run(run_keys):
    answers = in_parallel([lambda key=key: ask_to_analyse(key) for key in run_keys])
    assert len({run.pk for run, _ in answers}) == FlowRun.objects.count() == 1
    assert sum(created for _, created in answers) == 1


@pytest.mark.django_db(transaction=True)
def test_a_final_run_is_not_in_the_way_but_its_key_is_spent():
    run, _ = ask_to_analyse("first")
    assert request_flow_cancel(flow_run_id=run.pk, actor="user:test").state == "cancelled"
    assert ask_to_analyse("second")[1]
    assert ask_to_analyse("first") == (run, False)


def test_what_is_no_deployment_or_no_parameter_is_refused_with_all_faults(db):
    with pytest.raises(UnknownDeployment, match="analyse_study_deployment"):
        ask_for_run(deployment="rm_rf", parameters={}, source="api", run_key="1", actor="t")
    with pytest.raises(ParametersRefused) as refused:
        ask_to_analyse("2", pipeline=7, retry="yes")
    assert {error["field"] for error in refused.value.errors} == {"pipeline", "retry"}
    assert FlowRun.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_body_that_breaks_while_it_enters_leaves_the_row_to_the_launcher():
    run, _ = ask_to_analyse("entering")
    FlowRun.objects.update(execution=2**31 - 1)  # one more is no number of the database's
    with pytest.raises(DataError):
        enter_run(FlowRun(prefect_id=uuid4()), tags=[f"run:{run.pk}"], ended_before=[])
    assert state_of(run) == "requested"


@pytest.mark.django_db(transaction=True)
def test_a_cancel_that_breaks_is_not_half_done():
    with transaction.atomic():
        run, (job, _) = make_run(), make_job()
    run.calls.create(call_key="a", job=job, decision="submitted")
    ClusterJob.objects.update(spec=[])  # what no job can be ended with
    with pytest.raises(AttributeError):
        close_flow_run(run=run, to="cancelled", actor="test")
    assert state_of(run) == "running"


@pytest.mark.prefect
def test_a_killed_launcher_launches_once(deployed_flows, duties, tmp_path):
    runs = {}
    for point in ("claimed", "asked_prefect"):
        runs[point] = ask("sleeper_deployment", name=point, ledger=str(tmp_path / "ledger"))
        environment = for_our_processes() | {"EMG_FAILPOINTS_ENABLED": "1", "EMG_FAILPOINT": f"{point}:kill"}
        command = [sys.executable, "-c", LAUNCH]
        killed = subprocess.run(command, cwd=REPOSITORY, env=os.environ | environment, check=False)
        assert killed.returncode == -9
        FlowRun.objects.filter(state="launching").update(lease_until=timezone.now() - timedelta(seconds=1))
    duties(lambda: all(state_of(run) == "suspended" for run in runs.values()))
    with get_client(sync_client=True) as client:
        for run in runs.values():
            launched = client.read_flow_runs(flow_run_filter=FlowRunFilter(tags={"all_": [f"run:{run.pk}"]}))
            assert [one.id for one in launched] == [run.prefect_id]
            assert run.execution == 1
    unasked = start_in_prefect("Sleeper", name="claimed", ledger=str(tmp_path / "ledger"))  # the same subject again
    duties(lambda: prefect_state(unasked).is_completed())
    assert prefect_state(unasked).name == "AlreadyRunning"
    assert words(tmp_path / "ledger")["entered"] == FlowRun.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_what_was_cancelled_meanwhile_is_not_launched():
    run, _ = ask_to_analyse("cancelled")
    FlowRun.objects.update(cancel_requested_at=Now())  # as by somebody who saw it claimed
    assert not launch()  # without asking Prefect, which is not there
    assert state_of(run) == "cancelled"


@pytest.mark.prefect
def test_what_prefect_does_not_know_is_refused_and_told(duties):
    run, _ = ask_to_analyse("not deployed")
    duties(lambda: state_of(run) == "refused")
    assert "task deploy-all" in run.error
    assert Attention.objects.filter(code="flow_run_refused", subject_id=str(run.pk), cleared_at=None).exists()
