from workflows.cluster.doctor import examine
from workflows.cluster.reconciler import run_pass
from workflows.cluster.submission import submit_job
from workflows.models import ClusterJobAttempt
from workflows.tests.cluster import SUBMIT_FAILPOINTS, is_final, kill_at, let_time_pass, run_passes_until

PASS_FAILPOINTS = [f"pass_step_{step}" for step in (5, 6, 7, 8, 9)]


def assert_each_ran_once(cluster, jobs):
    attempts = ClusterJobAttempt.objects.filter(job__in=jobs)
    assert cluster.runs() == {attempt.token: 1 for attempt in attempts}
    assert len(attempts) == len(jobs)
    assert {job.state for job in jobs} == {"SUCCEEDED"}
    assert cluster.in_scheduler() == []
    assert examine() == []


def test_killed_between_any_two_steps_of_a_submission(cluster):
    jobs = [cluster.intend(f"true {name}") for name in SUBMIT_FAILPOINTS]
    for name, job in zip(SUBMIT_FAILPOINTS, jobs, strict=True):
        assert kill_at(name, lambda job=job: submit_job(job)), name
    let_time_pass()
    run_passes_until(is_final(*jobs))
    for job in jobs:
        job.refresh_from_db()
    assert_each_ran_once(cluster, jobs)


def test_killed_between_any_two_steps_of_a_pass(cluster):
    jobs = [cluster.intend(f"true {name}") for name in PASS_FAILPOINTS]
    for name in PASS_FAILPOINTS:
        let_time_pass()
        assert kill_at(name, run_pass), name
    for name in SUBMIT_FAILPOINTS:  # the pass submits too
        let_time_pass()
        kill_at(name, run_pass)
    let_time_pass()
    run_passes_until(is_final(*jobs))
    for job in jobs:
        job.refresh_from_db()
    assert_each_ran_once(cluster, jobs)
