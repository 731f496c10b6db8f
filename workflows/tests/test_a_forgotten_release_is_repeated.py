"""A controller that was killed comes back with what it had saved: our release may be from after that (§2.5)."""

import subprocess

import pytest

from workflows.tests.cluster import directory_of, is_final, run_passes_until

pytestmark = pytest.mark.slurm


def hold_again(slurm):
    """A job that our rows call queued and Slurm holds."""
    for number in range(20):
        job = slurm.start("true", logical_key=f"test:{number}")
        attempt = job.attempts.get()
        subprocess.run(["scontrol", "uhold", attempt.backend_job_id], check=False, capture_output=True)
        (seen,) = slurm.backend.find(attempt.token)
        if (attempt.state, seen.reason) == ("QUEUED", "JobHeldUser"):
            return job
    raise AssertionError("it always ran before it could be held")


def test_it_runs_and_runs_once(slurm):
    job = hold_again(slurm)
    run_passes_until(is_final(job), seconds=30)
    job.refresh_from_db()
    assert job.state == "SUCCEEDED"
    assert slurm.runs()[job.attempts.get().token] == 1


def test_what_had_run_by_then_is_not_run_again(slurm):
    job = hold_again(slurm)
    attempt = job.attempts.get()
    (directory_of(job) / "started").touch()
    (directory_of(job) / "exit").write_text(f"{attempt.backend_job_id} 0 0 1 -\n")
    run_passes_until(is_final(job), seconds=30)
    job.refresh_from_db()
    assert job.state == "SUCCEEDED"
    run_passes_until(lambda: slurm.in_scheduler() == [], seconds=30)
    assert slurm.runs()[attempt.token] == 0
