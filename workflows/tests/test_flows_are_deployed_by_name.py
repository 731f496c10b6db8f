"""``deploy_flow`` and ``prefectcli`` against a real server."""

import subprocess
import sys
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from prefect.client.orchestration import get_client

from workflows.launchable import launchables
from workflows.tests.prefect import REPOSITORY

pytestmark = pytest.mark.prefect


def deploy_all():
    told = StringIO()
    call_command("deploy_flow", all=True, stdout=told)
    return told.getvalue()


def test_all_that_may_be_started_is_deployed_to_the_pool_slurm(prefect_server):
    offered = launchables()
    deploy_all()
    with get_client(sync_client=True) as client:
        for one in offered:
            deployed = client.read_deployment_by_name(f"{one.title}/{one.name}")
            assert (deployed.work_pool_name, deployed.entrypoint) == ("slurm", one.entrypoint)
            assert set(one.parameters.model_fields) <= set(deployed.parameter_openapi_schema["properties"])


def test_what_has_not_changed_is_not_deployed_again(prefect_server):
    deploy_all()
    with get_client(sync_client=True) as client:
        (one,) = (found for found in client.read_deployments() if found.name == "run_batch_deployment")
        client.delete_deployment(one.id)
    assert deploy_all() == "deployed Run a pipeline batch/run_batch_deployment\n"
    assert deploy_all() == "every flow is deployed as it is\n"


def test_one_flow_by_file_and_function(prefect_server, monkeypatch):
    monkeypatch.setenv("FILE", "workflows/flows/simple_example.py")
    monkeypatch.setenv("FLOW", "github_stars")
    call_command("deploy_flow")
    with get_client(sync_client=True) as client:
        assert client.read_deployment_by_name("GitHub Stars/github_stars_deployment").work_pool_name == "slurm"


def test_which_flow_must_be_said(monkeypatch):
    monkeypatch.delenv("FLOW", raising=False)
    with pytest.raises(CommandError, match="which one"):
        call_command("deploy_flow")


def test_prefects_own_command_line_keeps_its_exit_code(prefect_server):
    command = [sys.executable, "manage.py", "prefectcli", "work-pool", "inspect", "no-such-pool"]
    refused = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (refused.returncode, "'no-such-pool' not found" in refused.stdout + refused.stderr) == (1, True)
