"""A copy of the house gets the flow of ``docs/adding-a-flow.md``; the commands of the page deploy and run it."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time

import pytest
from prefect.client.orchestration import get_client

from analyses.tests.factories import make_run, make_study
from workflows.models import ClusterJob, FlowRun
from workflows.tests.prefect import REPOSITORY, for_our_processes, start_process, stop_process
from workflows.tests.test_flows_read_as_prose import test_a_flow_is_prose as check_prose

pytestmark = [pytest.mark.prefect, pytest.mark.django_db(transaction=True)]
PAGE = (REPOSITORY / "docs" / "adding-a-flow.md").read_text()
ROOMS = ("ena", "analyses", "workflows", "emgapiv2")
SETTLED = {"EMG_CLUSTER__TIMES__SETTLE": "5"}  # a service refuses to start with less
BODY, REGISTRATION = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
DEPLOY, RUN = re.findall(r"^```bash\n(.*?)\n```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def house(tmp_path):
    """As if somebody had followed the page."""
    for room in ROOMS:
        shutil.copytree(REPOSITORY / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "manage.py", tmp_path)
    (tmp_path / "workflows/flows/count_runs.py").write_text(BODY)
    with (tmp_path / "workflows/launchable.py").open("a") as registry:
        registry.write(REGISTRATION)
    return tmp_path


@pytest.fixture
def its_service(house, worker, tmp_path_factory):
    log = tmp_path_factory.mktemp("service") / "reconcile.log"
    process = start_process(str(house / "manage.py"), "reconcile", log=log, **for_our_processes() | SETTLED)
    yield log
    stop_process(process)


def typed(line, house):
    """What the Taskfile makes of a line of the page."""
    told = shlex.split(line)
    variables = dict(word.split("=", 1) for word in told if re.match(r"[A-Z]+=", word))
    words = told[len(variables) :]
    command = {"deploy-flow": "deploy_flow", "prefect": "prefectcli"}[words[1]]
    argv = [sys.executable, "-W", "ignore", "manage.py", command, *words[3:]]
    ours = {"PYTHONPATH": str(house), "EMG_WEBIN__DCC_ACCOUNT": ""}
    environment = os.environ | for_our_processes() | variables | ours
    done = subprocess.run(argv, cwd=house, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def wait_until(condition, log, seconds=180):
    deadline = time.monotonic() + seconds
    while not condition():
        told = list(FlowRun.objects.values("deployment", "state", "error"))
        assert time.monotonic() < deadline, f"{told}\n{log.read_text()[-3000:]}"
        time.sleep(0.5)


def test_the_flow_of_the_page_is_deployed_and_run(house, its_service):
    study = make_study(accession="PRJNA521078")
    for _ in range(3):
        make_run(study)
    typed(DEPLOY, house)
    typed(RUN, house)
    wait_until(lambda: FlowRun.objects.filter(state="completed").exists(), its_service)
    job = ClusterJob.objects.get()
    assert (job.state, job.name) == ("SUCCEEDED", f"count the runs of {study}")
    with get_client(sync_client=True) as client:
        shown = [one.data for one in client.read_artifacts() if one.key == f"runs-of-{str(study).lower()}"]
    assert shown == [f"{study}: `3` runs"]


def test_the_body_of_the_page_is_prose_and_formatted(tmp_path):
    file = tmp_path / "count_runs.py"
    file.write_text(BODY)
    check_prose(file)
    config = ["--config", str(REPOSITORY / "pyproject.toml"), str(file)]
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(["ruff", *command, *config], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
