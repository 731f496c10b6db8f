"""What the sleeping flows rely on (spec/cluster-jobs.md §5.3), asked of a real server without any worker."""

import uuid

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.states import AwaitingRetry, Cancelling, Completed, Crashed, Pending, Running, Suspended

pytestmark = pytest.mark.prefect


@pytest.fixture
def client(prefect_server):
    with get_client(sync_client=True) as client:
        yield client


@pytest.fixture
def run(client):
    """A running run of a deployment that no worker serves."""
    name = f"pool-{uuid.uuid4().hex}"
    client.create_work_pool(WorkPoolCreate(name=name, type="process"))
    flow_id = client.create_flow_from_name("facts")
    deployment = client.create_deployment(flow_id=flow_id, name=name, work_pool_name=name)
    run = client.create_flow_run_from_deployment(deployment, idempotency_key=name)
    assert client.create_flow_run_from_deployment(deployment, idempotency_key=name).id == run.id
    go(client, run.id, Pending(), Running())
    return run.id


def go(client, run_id, *states, force=False):
    """The status of the last of these moves."""
    return [client.set_flow_run_state(run_id, state, force=force).status.value for state in states][-1]


def suspend(client, run_id, key):
    return go(client, run_id, Suspended(pause_key=key, timeout_seconds=None))


def resume(client, run_id, **body):
    return client.request("POST", f"/flow_runs/{run_id}/resume", json=body).json()["status"]


def test_a_pause_key_fires_once_and_a_resume_starts_anew(client, run):
    assert resume(client, run) == "ABORT"
    assert suspend(client, run, "jobs-1") == "ACCEPT"
    paused = client.read_flow_run(run).state
    assert (paused.type, paused.name, paused.state_details.pause_key) == ("PAUSED", "Suspended", "jobs-1")
    assert paused.state_details.pause_timeout is None
    assert resume(client, run) == "ACCEPT"
    assert client.read_flow_run(run).state.name == "Resuming"
    assert resume(client, run) == "ABORT"
    go(client, run, Pending(), Running())
    assert client.read_flow_run(run).run_count == 1
    assert suspend(client, run, "jobs-1") == "REJECT"
    assert suspend(client, run, "jobs-2") == "ACCEPT"
    assert go(client, run, Cancelling()) == "REJECT"
    assert client.read_flow_run(run).state.type == "CANCELLED"


def test_a_crashed_run_is_revived_and_a_dead_one_declared_crashed(client, run):
    suspend(client, run, "jobs-1")
    resume(client, run)
    go(client, run, Pending(), Running())
    assert go(client, run, Crashed(), force=True) == "ACCEPT"
    assert go(client, run, AwaitingRetry()) == "ACCEPT"
    go(client, run, Pending(), Running())
    assert suspend(client, run, "jobs-1") == "ACCEPT", "a revival forgets the fired keys"
    assert go(client, run, AwaitingRetry()) == "ACCEPT", "a pause that lost its form can be started again"


def test_stored_answers_outlive_everything(client, run):
    client.create_flow_run_input(run, "suspended-ask-1-schema", "{}")
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        client.create_flow_run_input(run, "suspended-ask-1-schema", "{}")
    with pytest.raises(httpx.HTTPStatusError, match="404"):
        client.read_flow_run_input(run, "suspended-ask-1-response")


def test_a_name_of_completed_and_the_history_are_kept(client, run):
    go(client, run, Completed(name="CompletedWithFailures", message="3 of 10"))
    go(client, run, AwaitingRetry())
    history = [(state.type.value, state.name) for state in client.read_flow_run_states(run)]
    assert history[-2:] == [("COMPLETED", "CompletedWithFailures"), ("SCHEDULED", "AwaitingRetry")]
