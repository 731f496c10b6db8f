"""P5: slurmctld is killed within two seconds of submissions: it forgets jobs and gives their ids again.

It disturbs whoever uses this Slurm: a round begins only while nobody else has a job there.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from workflows.cluster.doctor import examine
from workflows.cluster.identity import installation
from workflows.models import ClusterJobAttempt
from workflows.tests.cluster import is_final, let_time_pass, run_passes_until
from workflows.tests.conftest import make_cluster
from workflows.tests.jobs_by_hand import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
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


def kill_the_controller(seconds):
    pid = int(PID.read_text())
    os.kill(pid, signal.SIGKILL)
    while Path(f"/proc/{pid}").exists() and "State:\tZ" not in Path(f"/proc/{pid}/status").read_text():
        time.sleep(0.05)
    time.sleep(seconds)
    environment = {name: value for name, value in os.environ.items() if name != "SLURM_JWT"}
    subprocess.run(["slurmctld"], env=environment, check=True)


def hold_a_foreign_job():
    return said("sbatch", "--parsable", "--hold", "--mem=32", "-t1", "-o/dev/null", "--wrap=true").strip()


def test_each_job_ends_well_and_no_attempt_runs_twice(alone, dice):
    jobs = [alone.start(f"sleep {dice.uniform(1, 4):.1f}", logical_key=f"job {n}") for n in range(JOBS)]
    last = max(int(attempt.backend_job_id) for attempt in ClusterJobAttempt.objects.all())
    time.sleep(dice.uniform(0, 2))
    kill_the_controller(dice.uniform(0, 2))
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
