"""S1, S2 at their full size: hundreds asleep cost nothing and wake once each, though Prefect's server dies."""

import logging
import time
from pathlib import Path

import pytest

from workflows.cluster.doctor import examine
from workflows.models import ClusterJob, FlowRun
from workflows.tests.chaos.test_flows_under_fire import Duties, tend
from workflows.tests.flows_by_hand import ask, end_job, engines, words
from workflows.tests.prefect import told

logger = logging.getLogger(__name__)
pytestmark = [pytest.mark.chaos, pytest.mark.timeout(4 * 3600)]
SLEEPERS, AT_ONCE = 200, 8


class Fire:
    """Waits that go on while the server is killed now and then."""

    def __init__(self, daemons, dice):
        self.daemons, self.dice, self.blows = daemons, dice, 0
        self.plan()

    def plan(self):
        # Eight processes take half a minute to start: a server that never lives so long proves nothing.
        self.next_blow = time.monotonic() + self.dice.uniform(60, 120)

    def rage_until(self, over, *, seconds):
        deadline = time.monotonic() + seconds
        while not over():
            assert time.monotonic() < deadline, told()
            if time.monotonic() > self.next_blow:
                self.daemons["server"].kill()
                time.sleep(self.dice.uniform(0, 10))
                self.daemons["server"].start()
                self.blows += 1
                self.plan()
            tend(self.daemons)
            time.sleep(0.5)


def rss_mib(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS"))


def under_way():
    return FlowRun.objects.filter(ended_at=None).exclude(state="suspended").count()


def test_each_of_many_sleepers_wakes_once(  # noqa: PLR0917 - fixtures
    deployed_flows, duties, dice, prefect_daemon, worker, tmp_path, request
):
    names = [f"s{number}" for number in range(request.config.getoption("--flows") or SLEEPERS)]
    service = Duties(None, tmp_path / "service.log")
    fire = Fire({"service": service, "worker": worker, "server": prefect_daemon}, dice)
    began = time.monotonic()
    for number, name in enumerate(names):
        ask("sleeper_deployment", name=name, ledger=str(tmp_path / name))
        fire.rage_until(lambda: under_way() < AT_ONCE, seconds=600)
        if number == len(names) // 10:
            few = rss_mib(worker.pid)
    fire.rage_until(lambda: under_way() == engines() == 0, seconds=600)
    figures = f"{len(names)} asleep after {time.monotonic() - began:.0f} s: 0 engines, worker {rss_mib(worker.pid)} MiB"
    logger.warning("%s (a tenth of them: %s), service %s MiB", figures, few, rss_mib(service.pid))
    dice.shuffle(names)
    for name in names:
        end_job(name)
        fire.rage_until(lambda: woken_but_at_work() < AT_ONCE, seconds=600)
    fire.rage_until(lambda: not FlowRun.objects.exclude(state="completed").exists(), seconds=1200)
    logger.warning("all done after %.0f s, %s restarts of the server", time.monotonic() - began, fire.blows)
    service.kill()
    assert [words(tmp_path / name)["done:SUCCEEDED"] for name in names] == [1] * len(names)
    assert ClusterJob.objects.count() == FlowRun.objects.count() == len(names)
    assert examine() == []


def woken_but_at_work():
    """Those whose job is over and who are not."""
    return FlowRun.objects.filter(ended_at=None, calls__job__final_at__isnull=False).distinct().count()
