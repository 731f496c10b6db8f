"""What the tests of flows do and look at."""

import contextlib
import subprocess
from collections import Counter
from pathlib import Path
from uuid import uuid4

from django.db import connection, transaction
from prefect.client.orchestration import get_client
from prefect.deployments import run_deployment

from workflows.prefect_utils import django_flow

from workflows.cluster.classify import Verdict
from workflows.cluster.endings import end_attempt
from workflows.cluster.states import record_event, transition
from workflows.models import ClusterJob, FlowRun
from workflows.services.flow_runs import ask_for_run


def ask(deployment, **parameters):
    run, _ = ask_for_run(
        deployment=deployment, parameters=parameters, source="test", run_key=uuid4().hex, actor="user:test"
    )
    return run


def start_in_prefect(flow, *, failpoint="", **parameters):
    """As a person does in the dashboard. ``failpoint`` acts in the flow's process. Gives Prefect's id."""
    environment = {"EMG_FAILPOINTS_ENABLED": "1", "EMG_FAILPOINT": failpoint} if failpoint else {}
    name = f"{flow}/{flow.lower()}_deployment"
    return run_deployment(
        name, parameters=parameters, timeout=0, as_subflow=False, job_variables={"env": environment}
    ).id


def make_run(**columns):
    """A running run, as its body's first execution leaves it."""
    made = {"prefect_id": uuid4(), "source": "test", "run_key": uuid4().hex, "state": "running", "execution": 1}
    run = FlowRun(**made | columns)
    with transaction.atomic():  # its event goes with it
        run.save()
        record_event(row=run, actor="test", kind="met", to_state=run.state)
    return run


@contextlib.contextmanager
def woken_with(job, call_key):
    """Inside the body of a run that has got that job for that call before."""
    run = make_run()
    run.calls.create(call_key=call_key, job=job, decision="submitted")
    token = django_flow._execution.set(django_flow.Execution(run, run.prefect_id, run.execution, None))
    yield
    django_flow._execution.reset(token)


def end_job(name, *verdict):
    """The job of that name is over: ``SUCCEEDED``, or the state and outcome class given."""
    attempt = ClusterJob.objects.get(name=name, state="OPEN").attempts.get()
    for state in ("SUBMITTING", "HELD", "RUNNING"):
        columns = {"backend_job_id": attempt.pk.hex} if state == "HELD" else {}
        transition(row=attempt, to=state, actor="test", kind="moved", **columns)
    end_attempt(attempt=attempt, verdict=Verdict(*verdict or ("SUCCEEDED",)), actor="test")


def words(ledger: Path):
    """How often each word was signed."""
    lines = ledger.read_text().splitlines() if ledger.exists() else []
    return Counter(line.rpartition(" ")[0] for line in lines)


def processes(ledger: Path):
    """The pid behind each signature, in order."""
    return [int(line.rpartition(" ")[2]) for line in ledger.read_text().splitlines()]


def state_of(run: FlowRun):
    run.refresh_from_db()
    return run.state


def prefect_state(prefect_id):
    with get_client(sync_client=True) as client:
        return client.read_flow_run(prefect_id).state


def children_of(pid):
    """The processes that process has started and that still run."""
    return subprocess.run(["pgrep", "--parent", str(pid)], capture_output=True, text=True, check=False).stdout.split()


def engines():
    """How many processes run a flow on this session's test database."""
    database = f"EMG_DATABASE__NAME={connection.settings_dict['NAME']}".encode()
    return sum(database in environment and b"PREFECT__FLOW_RUN_ID=" in environment for environment in _environments())


def _environments():
    for process in Path("/proc").glob("[0-9]*"):
        try:
            yield (process / "environ").read_bytes()
        except OSError:  # gone meanwhile
            continue
