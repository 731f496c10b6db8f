"""No answer, a late one, an empty one: nothing ends by it (spec/cluster-jobs.md §2.7, missing rule)."""

import os
import time

import pytest

from workflows.cluster.reconciler import run_pass
from workflows.models import Attention, Duty
from workflows.tests.cluster import directory_of, fake_command, is_final, run_passes_until

pytestmark = pytest.mark.slurm
DOWN = 'echo "slurm_load_jobs error: Unable to contact slurm controller" >&2; exit 1'
REAL = 'exec $REAL "$@"'


@pytest.fixture
def impatient(slurm, settings):
    """Lost at once, if nothing but time were asked."""
    cluster = settings.EMG_CONFIG.cluster.model_copy(update={"lost_after_seconds": 0})
    settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={"cluster": cluster})
    return slurm


def started(slurm, script):
    job = slurm.start(script)
    run_passes_until(lambda: job.attempts.get().state == "RUNNING" and (directory_of(job) / "alive").exists())
    return job


def answers(monkeypatch, slurm, **commands):
    for name, script in commands.items():
        fake_command(slurm.root / "fakes", name, script, monkeypatch)


def pass_many_times(times=7):
    for _ in range(times):
        run_pass()


def test_a_controller_that_is_away_ends_nothing(impatient, monkeypatch):
    Duty.objects.create(name="scheduler")
    job = started(impatient, "sleep 1; exit 5")
    run_pass()
    before = Duty.objects.get(name="scheduler").state["slurm"]["listing_at"]
    answers(monkeypatch, impatient, squeue=DOWN, sacct=DOWN)
    time.sleep(1.5)  # it ends meanwhile, and its marker is there
    pass_many_times()
    assert job.attempts.get().state == "RUNNING"
    assert Duty.objects.get(name="scheduler").state["slurm"]["listing_at"] == before
    answers(monkeypatch, impatient, squeue=REAL, sacct=REAL)
    run_passes_until(is_final(job))
    assert job.attempts.get().exit_code == 5


def test_accounting_that_is_away_lets_nothing_go_missing(impatient, monkeypatch):
    job = started(impatient, "sleep 60")
    (directory_of(job) / "alive").unlink()
    answers(monkeypatch, impatient, squeue="exit 0", sacct=DOWN)
    pass_many_times()
    attempt = job.attempts.get()
    assert (attempt.state, attempt.missing_passes, attempt.missing_since) == ("RUNNING", 0, None)


def test_accounting_that_has_not_settled_lets_nothing_go_missing(impatient, monkeypatch):
    job = started(impatient, "sleep 60")
    fields = [
        job.attempts.get().backend_job_id,
        "COMPLETED",
        "0:0",
        "1",
        "1",
        "1",
        "0",
        "00:00:00",
        "",
        "",
        "allocation",
    ]
    answers(monkeypatch, impatient, squeue="exit 0", sacct="printf '{}\n'".format("\\x1f".join(fields)))
    pass_many_times()
    attempt = job.attempts.get()
    assert (attempt.state, attempt.missing_passes) == ("RUNNING", 0)


def test_both_empty_and_the_job_itself_alive(impatient, monkeypatch):
    job = started(impatient, "sleep 60")
    answers(monkeypatch, impatient, squeue="exit 0", sacct="exit 0")
    pass_many_times()
    attempt = job.attempts.get()
    assert attempt.state == "RUNNING"
    assert attempt.missing_passes == 7
    answers(monkeypatch, impatient, squeue=REAL, sacct=REAL)
    run_pass()
    assert job.attempts.get().missing_passes == 0


def test_denied_by_all_three_it_is_lost_and_what_comes_back_is_cancelled(impatient, monkeypatch):
    job = started(impatient, "sleep 60")
    first = job.attempts.get()
    os.utime(directory_of(job) / "alive", (0, 0))
    answers(monkeypatch, impatient, squeue="exit 0", sacct="exit 0")
    pass_many_times(4)
    assert job.attempts.get().state == "RUNNING"
    run_pass()
    first.refresh_from_db()
    assert (first.state, first.outcome_class) == ("FAILED", "LOST")
    assert job.attempts.get(number=2).state == "INTENDED"
    assert (directory_of(job).parent.parent / first.token[6:8] / first.token / "job_id").read_text() == "revoked\n"
    answers(monkeypatch, impatient, squeue=REAL, sacct=REAL)
    run_passes_until(lambda: impatient.in_scheduler() == [])
    assert Attention.objects.filter(code="came_back").count() == 1


def test_the_marker_alone_ends_a_job_that_both_forgot(impatient, monkeypatch):
    job = started(impatient, "sleep 0.5")
    answers(monkeypatch, impatient, squeue="exit 0", sacct="exit 0")
    run_passes_until(is_final(job), seconds=10)
    job.refresh_from_db()
    assert job.state == "SUCCEEDED"


def test_a_foreign_job_with_our_old_id_is_not_taken_for_ours(impatient, monkeypatch):
    job = started(impatient, "sleep 60")
    job_id = job.attempts.get().backend_job_id
    listing = f'echo "{job_id}|COMPLETED|None|1|1|somebody else"'
    foreign = "\\x1f".join([job_id, "COMPLETED", "0:0", "1", "1", "1", "0", "00:00:00", "", "", "somebody else"])
    answers(monkeypatch, impatient, squeue=listing, sacct=f"printf '{foreign}\n'")
    pass_many_times(3)
    attempt = job.attempts.get()
    assert (attempt.state, attempt.raw_state) == ("RUNNING", "RUNNING")
    assert attempt.missing_passes == 3
