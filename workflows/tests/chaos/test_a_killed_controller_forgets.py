"""P5: slurmctld is killed within two seconds of submissions: it forgets jobs and gives their ids again. Or it is away.

It disturbs whoever uses this Slurm: a round begins only while nobody else has a job there.
"""

import logging
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from workflows.cluster.doctor import examine
from workflows.cluster.identity import installation
from workflows.cluster.reconciler import DUTY
from workflows.models import ClusterJobAttempt, Duty
from workflows.tests.chaos.options import is_full
from workflows.tests.cluster import is_final, let_time_pass, run_passes_until
from workflows.tests.conftest import make_cluster
from workflows.tests.jobs_by_hand import wait_until

logger = logging.getLogger(__name__)
pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1200)]
ROUNDS_IN_FULL = 10
JOBS = 6
PID = Path("/run/slurm/slurmctld.pid")
LIVE_NAMES = ["squeue", "-h", "-t", "PD,R,CG", "-o", "%j"]


@pytest.fixture
def alone(settings, tmp_path, transactional_db):
    """A Slurm that is ours for now, where what is lost is given up soon."""
    cluster = make_cluster("slurm", settings, tmp_path)
    config = settings.EMG_CONFIG
    changed = {"lost_after_seconds": 3}
    settings.EMG_CONFIG = config.model_copy(update={"cluster": config.cluster.model_copy(update=changed)})
    wait_until(lambda: all(name.startswith(f"dj{installation()}") for name in said(*LIVE_NAMES).split()), seconds=200)
    yield cluster
    cluster.close()
    for node in set(said("sinfo", "-h", "-N", "-t", "drain", "-o", "%N").split()):  # it was given an id twice
        said("scontrol", "update", f"nodename={node}", "state=resume")


def said(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def end_the_controller(by=signal.SIGKILL):
    pid = int(PID.read_text())
    os.kill(pid, by)
    while Path(f"/proc/{pid}").exists() and "State:\tZ" not in Path(f"/proc/{pid}/status").read_text():
        time.sleep(0.05)


def start_the_controller():
    environment = {name: value for name, value in os.environ.items() if name != "SLURM_JWT"}
    subprocess.run(["slurmctld"], env=environment, check=True)


def hold_a_foreign_job():
    return said("sbatch", "--parsable", "--hold", "--mem=32", "-t1", "-o/dev/null", "--wrap=true").strip()


def test_each_job_ends_well_and_no_attempt_runs_twice(alone, dice):
    jobs = [alone.start(f"sleep {dice.uniform(1, 4):.1f}", logical_key=f"job {n}") for n in range(JOBS)]
    last = max(int(attempt.backend_job_id) for attempt in ClusterJobAttempt.objects.all())
    time.sleep(dice.uniform(0, 2))
    end_the_controller()
    time.sleep(dice.uniform(0, 2))
    start_the_controller()
    foreign = [hold_a_foreign_job()]
    while int(foreign[-1]) <= last:  # under each id of ours that was forgotten
        foreign.append(hold_a_foreign_job())

    def over():
        let_time_pass()
        return is_final(*jobs)()

    run_passes_until(over, seconds=400, pause=0.5)
    said("scancel", *foreign)
    attempts = ClusterJobAttempt.objects.filter(job__in=jobs)
    told = [(a.job.name, a.state, a.outcome_class, a.evidence) for a in attempts]
    for job in jobs:
        job.refresh_from_db()
    assert {job.state for job in jobs} == {"SUCCEEDED"}, told
    assert set(alone.runs().values()) == {1}, told
    assert all(alone.runs()[job.attempts.latest("number").token] == 1 for job in jobs)
    run_passes_until(lambda: alone.in_scheduler() == [])
    assert examine() == []


def test_while_it_is_away_nothing_fails(alone, dice, request):
    """Jobs end meanwhile, and one is asked for."""
    away = dice.uniform(120, 300) if is_full(request.config) else dice.uniform(5, 20)
    Duty.objects.create(name=DUTY)
    jobs = [alone.start(f"sleep {dice.uniform(1, 1.5 * away):.1f}", time_limit_seconds=900) for _ in range(JOBS)]
    run_passes_until(lambda: len(alone.runs()) == JOBS)
    end_the_controller(signal.SIGTERM)  # it saves what it knows; killed, it might end jobs that it takes for pending
    ended = time.monotonic()
    told = heard_at()
    jobs.append(alone.intend("true", logical_key="meanwhile"))
    run_passes_until(lambda: time.monotonic() > ended + away, seconds=away + 200, pause=1)
    assert not ClusterJobAttempt.objects.filter(state__in=["FAILED", "CANCELLED"]).exists()
    assert heard_at() == told  # the age of what is shown
    start_the_controller()
    back = time.monotonic()
    run_passes_until(lambda: heard_at() != told, seconds=200)
    logger.warning("away for %.0f s, heard again %.1f s after it came back", away, time.monotonic() - back)
    run_passes_until(is_final(*jobs), seconds=600)
    for job in jobs:
        job.refresh_from_db()
    assert {job.state for job in jobs} == {"SUCCEEDED"}
    assert alone.runs() == {job.attempts.get().token: 1 for job in jobs}
    assert examine() == []


def heard_at():
    return Duty.objects.get(pk=DUTY).state["slurm"]["listing_at"]
