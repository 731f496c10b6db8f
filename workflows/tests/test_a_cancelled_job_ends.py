import time

import pytest
from django.db import connection

from workflows.cluster.cancellation import request_cancel
from workflows.cluster.reconciler import run_pass
from workflows.cluster.submission import submit_job
from workflows.tests.cluster import directory_of, is_final, kill_at, let_time_pass, run_passes_until

GENTLE = 'trap "echo asked; exit 0" TERM; echo ready; while :; do sleep 0.1; done'


def cancel(job):
    return request_cancel(job_id=job.pk, actor="user:test", reason="a test")


def assert_cancelled(job):
    job.refresh_from_db()
    assert (job.state, job.outcome_class) == ("CANCELLED", "CANCELLED")


def test_before_it_was_submitted(cluster):
    job = cluster.intend()
    cancel(job)
    assert_cancelled(job)
    assert submit_job(job) == "elsewhere"
    assert cancel(job).state == "CANCELLED"


@pytest.mark.parametrize("failpoint", ["leased", "replied", "recorded", "fenced"])
def test_while_it_was_being_submitted(cluster, failpoint):
    job = cluster.intend()
    assert kill_at(failpoint, lambda: submit_job(job))
    cancel(job)
    let_time_pass()
    run_passes_until(is_final(job))
    assert_cancelled(job)
    assert not cluster.runs()
    assert cluster.in_scheduler() == []


def test_a_running_command_is_asked_first(cluster):
    job = cluster.start(GENTLE)
    run_passes_until(lambda: job.attempts.get().state == "RUNNING")
    run_passes_until(lambda: "ready" in (directory_of(job) / "out.log").read_text())
    cancel(job)
    run_passes_until(is_final(job))
    assert_cancelled(job)
    assert "asked" in job.attempts.get().log_tail


def test_one_that_does_not_listen_is_killed(cluster):
    job = cluster.start('trap "" TERM; echo ready; while :; do sleep 0.1; done')
    run_passes_until(lambda: job.attempts.get().state == "RUNNING")
    cancel(job)
    run_passes_until(is_final(job))
    assert_cancelled(job)


def test_an_id_that_another_job_has_now_is_not_cancelled(cluster):
    """As after a controller that was killed before it had saved its last id."""
    lost, other = cluster.start("sleep 60"), cluster.start("sleep 61")
    run_passes_until(lambda: all(job.attempts.get().state == "RUNNING" for job in (lost, other)))
    given_again = other.attempts.get().backend_job_id
    mine = lost.attempts.get()
    with connection.cursor() as cursor:  # no door of ours lets an id change
        cursor.execute("SET session_replication_role = replica")
        earlier = "SET backend_job_id = %s, submit_time = submit_time - 100 WHERE id = %s"
        cursor.execute(f"UPDATE workflows_clusterjobattempt {earlier}", [given_again, mine.pk])
        cursor.execute("SET session_replication_role = origin")
    cancel(lost)
    run_pass()
    time.sleep(1)
    run_pass()
    assert other.attempts.get().state == "RUNNING"
    assert given_again in {seen.job_id for seen in cluster.in_scheduler()}
    cancel(other)
    run_passes_until(is_final(other))


def test_one_that_had_finished_has_succeeded(cluster):
    job = cluster.start("true")
    while not (directory_of(job) / "exit").exists():
        time.sleep(0.05)
    cancel(job)
    run_passes_until(is_final(job))
    job.refresh_from_db()
    assert job.state == "SUCCEEDED"
    assert job.attempts.get().events.filter(kind="cancel_too_late").exists()
    assert not run_pass()
