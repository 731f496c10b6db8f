"""The flows of the mirror, deployed as they are, run by a real worker on the schedule that the registry declares."""

import json

import pytest
from prefect.client.orchestration import get_client
from prefect.deployments import run_deployment

from workflows.prefect_utils.deploy import deploy_flow

from analyses.models import Sample, Study
from ena.models import Study as EnaStudy
from ena.tests.conftest import configure, standin, standin_server  # noqa: F401 - fixtures
from workflows.launchable import get_launchable
from workflows.tests.flows_by_hand import prefect_state
from workflows.tests.jobs_by_hand import wait_until

pytestmark = pytest.mark.prefect


@pytest.fixture
def run(worker, transactional_db, standin):  # noqa: F811
    """Start a flow by the name of its deployment, as a person does in the dashboard; gives its last state."""
    place = {"EMG_ENA__STANDIN_URL": standin.url, "EMG_ENA__DATA_PORTALS": json.dumps(["ena"])}

    def start(function, **parameters):
        deploy_flow(file=f"workflows/flows/{function}.py", function=function)
        name = f"{get_launchable(f'{function}_deployment').title}/{function}_deployment"
        started = run_deployment(name, parameters=parameters, timeout=0, as_subflow=False, job_variables={"env": place})
        wait_until(lambda: prefect_state(started.id).is_final(), seconds=120)
        return prefect_state(started.id)

    return start


def schedule_of(function):
    one = get_launchable(f"{function}_deployment")
    with get_client(sync_client=True) as client:
        (schedule,) = client.read_deployment_by_name(f"{one.title}/{one.name}").schedules
    return schedule.schedule.cron, schedule.parameters


def is_planned(function):
    """Whether the server has made runs of the days to come."""
    of_it = {"deployments": {"name": {"any_": [f"{function}_deployment"]}}}
    to_come = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
    with get_client(sync_client=True) as client:
        return client.request("POST", "/flow_runs/count", json=of_it | to_come).json() > 0


def test_studies_and_then_samples(run, standin):  # noqa: F811
    state = run("sync_studies_with_ena", accessions=["PRJEB99900001", "PRJEB1"])
    assert (state.name, state.message) == ("CompletedWithFailures", "1 studies refreshed; 1 failed")
    assert Study.objects.get().runs.count() == 4
    assert schedule_of("sync_studies_with_ena") == ("0 1 * * *", {"all_studies": True})
    standin.server.dataset.find("SAMEA999000001")[1]["sample_title"] = "A better title"
    assert run("sync_samples_with_ena", all_samples=True).name == "Completed"
    assert Sample.objects.filter(sample_title="A better title").exists()
    assert schedule_of("sync_samples_with_ena") == ("0 13 * * 6", {"all_samples": True})
    EnaStudy.objects.update(next_look_at="2000-01-01T00:00Z")
    assert run("sync_studies_with_ena", all_studies=True).name == "Completed"
    assert EnaStudy.objects.get().sync_runs.filter(kind="samples").count() == 3
    for function in ("sync_studies_with_ena", "sync_samples_with_ena"):
        wait_until(lambda function=function: is_planned(function), seconds=90)
