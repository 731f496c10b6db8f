"""``deploy_flow`` and ``prefectcli`` against a real server, and each flow run by its name."""

import subprocess
import sys
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from prefect.client.orchestration import get_client
from prefect.deployments import run_deployment

from workflows.launchable import get_launchable, launchables
from workflows.models import FlowRun
from workflows.tests.prefect import REPOSITORY

pytestmark = pytest.mark.prefect
NOBODYS = "PRJEB1"
# What other tests run whole by the name of its deployment.
RUN_WHOLE = {
    "deployment/tests/test_a_study_goes_in_an_analysis_comes_out.py": "realistic_example analyse_study run_batch",
    "deployment/tests/test_a_study_is_assembled_sent_and_analysed.py": (
        "assemble_study upload_assembly analysis_assembly_study finalise_study"
    ),
    "workflows/tests/test_the_mirror_is_kept_up_by_schedule.py": "sync_studies_with_ena sync_samples_with_ena",
}
# The others → what each is given besides a study, and what its row says in the end where it is not completed.
QUICK_RUNS = {
    "analysis_amplicon_study": ({}, "amplicon_v6: EMG_AMPLICON_PIPELINE__PARAMS"),
    "analysis_rawreads_study": ({}, "manage.py pipelines fetch rawreads_v6"),
    "clean_old_nextflow_workdirs": ({}, ""),
    "finalize_assembly_study": ({}, f"{NOBODYS}: no such study here"),
    "move_data": ({"source": "/nowhere/a", "target": "/nowhere/b"}, "/nowhere/a is not under"),
    "move_results": ({}, f"{NOBODYS}: no such study here"),
    "recovery_helper_import_completed_analyses_in_study": ({}, f"{NOBODYS}: no such study here"),
    "run_assembly_batch": ({"assembly_analyses_batch_id": UUID(int=1)}, "Batch matching query does not exist"),
    "upload_study_assemblies": ({}, f"{NOBODYS}: no such study here"),
}


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


def test_each_flow_runs_by_its_name_with_nothing_but_its_parameters(worker, duties):
    """As the dashboard's quick run starts it: the body is entered, and does its work or says why it cannot."""
    deploy_all()
    whole = {name for names in RUN_WHOLE.values() for name in names.split()}
    offered = {one.name for one in launchables() if "/tests/" not in one.entrypoint}  # other tests offer their own
    assert {f"{name}_deployment" for name in whole | QUICK_RUNS.keys()} == offered
    started = []
    for name, (given, _) in QUICK_RUNS.items():
        one = get_launchable(f"{name}_deployment")
        of_a_study = {"study_accession": NOBODYS} if "study_accession" in one.parameters.model_fields else {}
        asked = {"parameters": of_a_study | given, "timeout": 0, "as_subflow": False}
        started.append(run_deployment(f"{one.title}/{one.name}", **asked).id)
    ended = FlowRun.objects.filter(prefect_id__in=started, ended_at__isnull=False)
    duties(lambda: ended.count() == len(started), seconds=300)
    for run in ended:
        _, told = QUICK_RUNS[run.deployment.removesuffix("_deployment")]
        assert told in run.error, run.deployment
        assert run.state == ("failed" if told else "completed"), run.deployment


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
