"""A real Prefect for tests: server, worker and our service as processes of their own, pointed at the test database.

Started when a test first asks and kept for the session (one set for each xdist worker); mark such tests ``prefect``.
What crosses processes must be committed: such tests use ``transactional_db``.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest
import requests

START_SECONDS = 120
REPOSITORY = Path(__file__).resolve().parents[2]
SILENCE = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
}
# Sleeping and waking in seconds, not minutes. Settle stays above the second a suspended process lives on.
QUICK = {"linger": 0.2, "settle": 2.0, "beat": 1.0, "dead_after": 4.0}


class Daemon:
    """A process of Python that can be killed and started again as it was."""

    def __init__(self, *arguments, log, **environment):
        self.arguments, self.log, self.environment = arguments, log, environment
        self.start()

    def start(self):
        self.process = start_process(*self.arguments, log=self.log, **self.environment)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def tend(self):
        """As whoever supervises it does: a worker that finds no server ends by itself."""
        if self.process.poll() is not None:
            self.start()

    @property
    def pid(self):
        return self.process.pid


@pytest.fixture(scope="session")
def prefect_server(prefect_daemon):
    """The API's address. In this process and in every process started from here Prefect talks to it."""
    return os.environ["PREFECT_API_URL"]


@pytest.fixture(scope="session")
def prefect_daemon(tmp_path_factory, django_db_setup):
    from django.db import connection
    from prefect.settings import PREFECT_API_URL, temporary_settings

    home, port = tmp_path_factory.mktemp("prefect"), _free_port()
    database = f"{connection.settings_dict['NAME']}_prefect"
    for statement in ("DROP DATABASE IF EXISTS {} WITH (FORCE)", "CREATE DATABASE {}"):
        _on_postgres(statement.format(database))
    at = connection.settings_dict
    url = f"http://127.0.0.1:{port}/api"
    environment = SILENCE | {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": url,
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": (
            f"postgresql+asyncpg://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT'] or 5432}/{database}"
        ),
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    }
    with _environment(environment):
        command = ["prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
        server = Daemon("-m", *command, log=home / "server.log")
        _wait_for(lambda: requests.get(f"{url}/health", timeout=5).ok, server.process, server.log)
        with temporary_settings({PREFECT_API_URL: url}):
            yield server
        stop_process(server.process)
    _on_postgres(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")


@pytest.fixture(scope="session")
def worker(prefect_server, tmp_path_factory):
    """A process worker of the pool ``slurm``; give the test flows to it with :func:`deploy`."""
    from workflows.prefect_utils.deploy import make_work_pool

    make_work_pool()
    log = tmp_path_factory.mktemp("worker") / "worker.log"
    environment = for_our_processes() | {"PREFECT_WORKER_QUERY_SECONDS": "1"}
    daemon = Daemon("-m", "prefect", "worker", "start", "--pool", "slurm", log=log, **environment)
    yield daemon
    stop_process(daemon.process)


@pytest.fixture(scope="session")
def deployed_flows(worker):
    """The bodies of ``workflows/tests/bodies/sleepers.py``, deployed and registered."""
    from workflows.prefect_utils.deploy import deploy_flow

    from workflows import launchable
    from workflows.tests.bodies import OFFERED, offer

    known = dict(launchable._launchables)
    offer()
    for function in OFFERED:
        deploy_flow(file="workflows/tests/bodies/sleepers.py", function=function)
    yield
    launchable._launchables.clear()
    launchable._launchables.update(known)


@pytest.fixture
def duties(transactional_db, prefect_server, settings):
    """Turns of the duties in this process: ``duties(until)`` goes on until the condition holds.

    Runs that an earlier test left in Prefect are deleted: a worker would go on with them in this test's tables.
    """
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        for run in client.read_flow_runs():
            client.delete_flow_run(run.id)
    config = settings.EMG_CONFIG
    times = config.cluster.times.model_copy(update=QUICK)
    settings.EMG_CONFIG = config.model_copy(update={"cluster": config.cluster.model_copy(update={"times": times})})
    return turn_until


def turn_until(condition, *, seconds=150):
    from workflows.prefect_utils.launcher import launch
    from workflows.prefect_utils.waker import wake

    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it never came: {told()}"
        launch()
        wake()
        time.sleep(0.5)


def told():
    """What the rows say of each run, for whoever reads why a wait was in vain."""
    from workflows.models import FlowRun

    return list(FlowRun.objects.order_by("created_at").values("deployment", "generation", "number", "state", "error"))


def start_process(*arguments, log, **environment):
    """Python with these arguments, in a process group of its own.

    SIGINT at its default: a worker turns SIGTERM into SIGINT, and one started from a shell's background ignores it.
    """
    with Path(log).open("ab") as out:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=REPOSITORY,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - it takes no lock
        )


def stop_process(process):
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def for_our_processes():
    from django.db import connection

    quick = {f"EMG_CLUSTER__TIMES__{name.upper()}": str(value) for name, value in QUICK.items()}
    database = {"EMG_DATABASE__NAME": connection.settings_dict["NAME"]}
    return quick | database | {"DJANGO_SETTINGS_MODULE": "emgapiv2.settings"}


def _wait_for(ready, process, log):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(requests.RequestException):
            if ready():
                return
        time.sleep(0.2)
    raise AssertionError(f"not started: {log.read_text()[-2000:]}")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _on_postgres(statement):
    from django.db import connection

    at = connection.settings_dict
    with contextlib.closing(
        psycopg2.connect(host=at["HOST"], port=at["PORT"], user=at["USER"], password=at["PASSWORD"], dbname="postgres")
    ) as wire:
        wire.autocommit = True
        wire.cursor().execute(statement)


@contextlib.contextmanager
def _environment(values):
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    yield
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})
