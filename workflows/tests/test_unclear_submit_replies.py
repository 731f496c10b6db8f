"""sbatch may queue a job and then say anything: the job still runs once (spec/cluster-jobs.md §2.4)."""

import subprocess

import pytest

from workflows.cluster.backends.slurm import render_submit
from workflows.cluster.directories import submit_request
from workflows.cluster.reconciler import run_pass
from workflows.cluster.submission import submit_job
from workflows.models import Attention, ClusterJobAttempt
from workflows.tests.cluster import fake_command, is_final, let_time_pass, run_passes_until

pytestmark = pytest.mark.slurm

LIES = {
    "hangs": '$REAL "$@"; sleep 60',
    "prints junk": '$REAL "$@" > /dev/null; echo "Welcome to the cluster"',
    "prints two ids": '$REAL "$@"; echo 1',
    "prints nothing": '$REAL "$@" > /dev/null',
    "fails after queueing": '$REAL "$@"; echo "sbatch: error: Socket timed out on send/recv operation" >&2; exit 1',
    "is killed": '$REAL "$@"; kill -9 $$',
    "dies before queueing": "exit 1",
    "says it is busy after queueing": '$REAL "$@" > /dev/null; echo "Resource temporarily unavailable" >&2; exit 1',
}


def test_each_job_runs_once(slurm, settings, tmp_path, monkeypatch):
    times = settings.EMG_CONFIG.cluster.times.model_copy(update={"submit_timeout": 1})
    cluster = settings.EMG_CONFIG.cluster.model_copy(update={"times": times})
    settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={"cluster": cluster})
    jobs = []
    for number, lie in enumerate(LIES.values()):
        fake_command(tmp_path / "fakes", "sbatch", lie, monkeypatch)
        jobs.append(slurm.intend(f"true {number}"))
        assert submit_job(jobs[-1]) in ("unknown", "waiting"), lie
        assert jobs[-1].attempts.get().state in ("SUBMITTING", "INTENDED")
    fake_command(tmp_path / "fakes", "sbatch", 'exec $REAL "$@"', monkeypatch)
    let_time_pass()
    run_passes_until(is_final(*jobs))
    assert slurm.runs() == {attempt.token: 1 for attempt in ClusterJobAttempt.objects.all()}
    assert len(slurm.runs()) == len(LIES)
    assert slurm.in_scheduler() == []


def test_one_that_is_never_understood_is_told_and_starves_nobody(slurm, tmp_path, monkeypatch):
    odd = slurm.intend("true odd")
    refuse = f'[[ "$*" == *{odd.attempts.get().token}* ]] && echo "well, well" >&2 && exit 1'
    fake_command(tmp_path / "fakes", "sbatch", f'{refuse}; exec $REAL "$@"', monkeypatch)
    submit_job(odd)
    other = slurm.intend("true other")
    let_time_pass()
    run_pass()
    assert other.attempts.get().backend_job_id
    for _ in range(3):
        let_time_pass()
        run_pass()
    told = Attention.objects.get(code="submit_unclear")
    assert "well, well" in told.text
    fake_command(tmp_path / "fakes", "sbatch", 'exec $REAL "$@"', monkeypatch)
    let_time_pass()
    run_passes_until(is_final(odd, other))
    told.refresh_from_db()
    assert told.cleared_at is not None


def test_the_reply_with_a_cluster_is_an_id(slurm, tmp_path, monkeypatch):
    fake_command(tmp_path / "fakes", "sbatch", 'echo "$($REAL "$@");donco"', monkeypatch)
    job = slurm.start()
    run_passes_until(is_final(job))
    assert list(slurm.runs().values()) == [1]


def test_a_request_carried_out_late_is_cancelled_unreleased(slurm):
    """The controller took the first request only after we had looked, and asked again."""
    job = slurm.start("sleep 2")
    attempt = job.attempts.select_related("job").get()
    argv = render_submit(submit_request(attempt), slurm.backend.script)
    late = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    run_passes_until(is_final(job))
    run_passes_until(lambda: slurm.in_scheduler() == [])
    assert slurm.runs() == {attempt.token: 1}
    words = {seen.job_id: seen.word for seen in slurm.in_scheduler(live=False)}
    assert words[late] == "CANCELLED"
    assert job.attempts.get().backend_job_id != late
