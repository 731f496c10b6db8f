"""P7, S1, S3, S7: bodies, worker, Prefect's server and our service die while flows start, sleep and wake."""

import contextlib
import logging
import os
import signal
import time
from pathlib import Path
from random import Random

import pytest

from workflows.cluster.doctor import examine
from workflows.duties import DutySpec, Service
from workflows.models import ClusterJob, FlowRun
from workflows.tests.flows_by_hand import ask, end_job, processes, state_of, words
from workflows.tests.prefect import Daemon, for_our_processes, told

logger = logging.getLogger(__name__)
pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]
ROUNDS_IN_FULL = 20
FLOWS, BLOWS = 4, 12
FAILPOINTS = ("claimed", "asked_prefect", "resume_sent")
SERVE = "import workflows.prefect_utils as _; from workflows.tests.chaos import test_flows_under_fire as t; t.serve()"
SPECS = [
    DutySpec("waker", "workflows.prefect_utils.waker:wake", 1),
    DutySpec("launcher", "workflows.prefect_utils.launcher:launch", 1),
]


def serve():
    from workflows.tests.bodies import offer

    offer()
    for thread in Service(SPECS).start():
        thread.join()


def kill_a_body(ledgers, dice):
    """One whose job is still open: it cannot have signed its end."""
    names = set(ClusterJob.objects.filter(state="OPEN").values_list("name", flat=True))
    pids = [processes(path)[-1] for name, path in ledgers.items() if name in names and path.exists()]
    with contextlib.suppress(OSError, IndexError):  # it is gone already; there is none
        pid = dice.choice(pids)
        if b"prefect" in Path(f"/proc/{pid}/cmdline").read_bytes():  # and not another's: pids are given again
            os.kill(pid, signal.SIGKILL)


def end_a_job(dice):
    jobs = sorted(ClusterJob.objects.filter(state="OPEN").values_list("name", flat=True))
    if jobs:
        end_job(dice.choice(jobs))


class Duties(Daemon):
    """Waker and launcher; half of its lives end at a failpoint."""

    def __init__(self, dice, log):
        self.dice = dice
        # Longer than Prefect takes to end a run whose body has returned: no beat comes then, and it is not dead.
        times = for_our_processes() | {"EMG_CLUSTER__TIMES__DEAD_AFTER": "40"}
        super().__init__("-c", SERVE, log=log, **times, EMG_FAILPOINTS_ENABLED="1")

    def start(self):
        armed = self.dice is not None and self.dice.random() < 0.5
        self.environment["EMG_FAILPOINT"] = f"{self.dice.choice(FAILPOINTS)}:kill" if armed else ""
        super().start()

    def tend(self):
        assert self.process.poll() in (None, -signal.SIGKILL), self.log.read_text()[-3000:]
        super().tend()


def tend(daemons):
    for daemon in daemons.values():
        daemon.tend()


def test_each_flow_finishes_once(deployed_flows, duties, dice, prefect_daemon, worker, tmp_path):  # noqa: PLR0917
    ledgers = {f"s{n}": tmp_path / f"s{n}" for n in range(FLOWS)}
    runs = [ask("sleeper_deployment", name=name, ledger=str(path)) for name, path in ledgers.items()]
    service = Duties(Random(dice.random()), tmp_path / "service.log")
    daemons = {"service": service, "worker": worker, "server": prefect_daemon}
    blows = {"service": 3, "body": 4, "job": 3, "worker": 2, "server": 1}
    names = dice.choices([*blows], [*blows.values()], k=BLOWS)
    for seconds, blow, own in [(dice.uniform(0.5, 6), name, Random(dice.random())) for name in names]:
        time.sleep(seconds)
        logger.warning(blow)
        if blow == "body":
            kill_a_body(ledgers, own)
        elif blow == "job":
            end_a_job(own)
        else:
            daemons[blow].kill()
            time.sleep(own.uniform(0, 5))
            daemons[blow].start()
        tend(daemons)
    service.dice = None
    deadline = time.monotonic() + 600
    while not all(state_of(run) == "completed" for run in runs):
        assert time.monotonic() < deadline, (told(), service.log.read_text()[-2000:])
        end_a_job(dice)
        tend(daemons)
        time.sleep(2)
    service.kill()
    assert [words(path)["done:SUCCEEDED"] for path in ledgers.values()] == [1] * FLOWS
    assert ClusterJob.objects.count() == FlowRun.objects.count() == FLOWS
    assert examine() == []
    logger.warning("executions: %s", sorted(FlowRun.objects.values_list("execution", flat=True)))
