"""P14: what was too small is asked for larger, what failed otherwise is not (spec/cluster-jobs.md §2.8)."""

from datetime import timedelta

import pytest

from workflows.cluster.endings import back_off, grown
from workflows.models import WorkEvent
from workflows.tests.cluster import is_final, let_time_pass, run_passes_until
from workflows.tests.conftest import make_cluster

EATER = "python3 -c 'x = bytearray(150 << 20); import time; time.sleep(3)'"
MINUTE = timedelta(minutes=1)


def run_on(job):
    def over():
        let_time_pass()
        return is_final(job)()

    run_passes_until(over, seconds=90)
    job.refresh_from_db()
    return job.state, list(job.attempts.order_by("number").values_list("outcome_class", flat=True))


def test_a_job_that_ran_out_of_memory_gets_more(cluster):
    job = cluster.start(EATER, memory_mib=100)
    assert run_on(job) == ("SUCCEEDED", ["OOM", None])
    assert list(job.attempts.order_by("number").values_list("memory_mib", flat=True)) == [100, 256]
    (grew,) = WorkEvent.objects.filter(attempt__job=job, kind="attempt_intended", detail__after="OOM")
    assert grew.detail["asked_before"]["memory_mib"] == 100


def test_at_the_limit_it_fails_and_says_so(settings, tmp_path, transactional_db):
    cluster = make_cluster("local", settings, tmp_path)
    changed = settings.EMG_CONFIG.cluster.model_copy(update={"local_memory_mib": 100})
    settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={"cluster": changed})
    job = cluster.start(EATER, memory_mib=100)
    assert run_on(job) == ("FAILED", ["OOM"])
    assert "at the limit: memory_mib 100" in job.evidence


def test_a_job_that_ran_out_of_time_gets_more(settings, tmp_path, transactional_db):
    """Here, where a limit may be a second; a Slurm rounds it up to its minute."""
    cluster = make_cluster("local", settings, tmp_path)
    job = cluster.start("sleep 4", time_limit_seconds=2)
    state, outcomes = run_on(job)
    assert (state, outcomes[0], outcomes[-1]) == ("SUCCEEDED", "TIMEOUT", None)
    asked = list(job.attempts.order_by("number").values_list("time_limit_seconds", flat=True))
    assert asked == [2 * 2**number for number in range(len(asked))]


def test_its_own_exit_code_is_no_reason_to_try_again(cluster):
    assert run_on(cluster.start("exit 3")) == ("FAILED", ["EXIT"])


@pytest.mark.parametrize(
    ("outcomes", "max_attempts", "delay"),
    [
        (["OOM"], None, 0 * MINUTE),
        (["OOM", "OOM", "OOM"], None, 0 * MINUTE),
        (["OOM", "OOM", "OOM", "OOM"], None, None),
        (["OOM", "OOM", "OOM", "TIMEOUT"], None, 0 * MINUTE),
        (["OOM", "LOST"], None, 1 * MINUTE),
        (["LOST", "OOM", "INFRASTRUCTURE", "PREEMPTED"], None, 15 * MINUTE),
        (["LOST"] * 5, None, 60 * MINUTE),
        (["LOST"] * 6, None, None),
        (["OOM"], 1, None),
        (["LOST"], 0, None),
        (["EXIT"], None, None),
        (["DEADLINE"], None, None),
        (["CANCELLED_BY_OTHER"], None, None),
        ([None], None, None),
    ],
)
def test_how_often_and_how_late(outcomes, max_attempts, delay):
    assert back_off(outcomes, max_attempts=max_attempts) == delay


@pytest.mark.parametrize(
    ("name", "asked", "peak", "most", "next_time"),
    [
        ("memory_mib", 1000, None, None, 1536),
        ("memory_mib", 1000, 2000, None, 2560),
        ("memory_mib", 1000, 2000, 2000, 2000),
        ("memory_mib", 1000, 2000, 900, 1000),
        ("time_limit_seconds", 3600, 9999, None, 7200),
        ("time_limit_seconds", 3600, None, 5000, 5000),
    ],
)
def test_how_much(name, asked, peak, most, next_time):
    assert grown(name, asked, peak_rss_mib=peak, most=most) == next_time
