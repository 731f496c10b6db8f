"""Children of a Nextflow head that died are ended before anything follows it (spec/cluster-jobs.md §2.8, §2.9)."""

import subprocess
import uuid

import pytest

from workflows.cluster.cancellation import request_cancel
from workflows.cluster.reconciler import run_pass
from workflows.cluster.requests import NextflowCall
from workflows.cluster.submission import submit_job
from workflows.models import ClusterJob, PipelineRun
from workflows.tests.cluster import is_final, run_passes_until

pytestmark = pytest.mark.slurm


@pytest.fixture
def head_of(slurm, settings):
    """A head whose Nextflow is a script of the test: what matters here is who lives when it is gone."""

    def make(script):
        executable = slurm.root / "nextflow"
        executable.write_text(f"#!/bin/bash\n{script}\n")
        executable.chmod(0o755)
        nextflow = settings.EMG_CONFIG.nextflow.model_copy(update={"executable": str(executable)})
        settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={"nextflow": nextflow})
        (slurm.root / "params.json").write_text("{}")
        paths = {name: str(slurm.root) for name in ("project_dir", "work_dir", "launch_dir")}
        call = NextflowCall(
            main="main.nf", params_file=str(slurm.root / "params.json"), session_id=str(uuid.uuid4()), **paths
        )
        job = slurm.intend(kind=ClusterJob.Kind.NEXTFLOW, argv=None, nextflow=call)
        submit_job(job)
        return job

    return make


def submit_child(slurm, job):
    name = f"{job.attempts.get().token}.ab/cdef01"
    argv = ["sbatch", "--parsable", f"--job-name={name}", "--mem=64M", "--output=/dev/null", "--wrap=sleep 60"]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def test_a_failed_head_stays_open_until_its_children_are_gone(slurm, head_of):
    job = head_of("sleep 1; exit 1")
    assert PipelineRun.objects.get().attempt.job == job
    child = submit_child(slurm, job)
    run_passes_until(lambda: job.attempts.get().state in ("RUNNING", "ENDING"))
    run_pass()
    assert job.attempts.get().children_live == 1
    run_passes_until(lambda: job.attempts.get().state == "ENDING")
    run_passes_until(is_final(job))
    assert child not in [seen.job_id for seen in slurm.in_scheduler()]
    attempt = job.attempts.get()
    assert (attempt.state, attempt.outcome_class, attempt.exit_code) == ("FAILED", "EXIT", 1)
    assert attempt.childless_since is not None


def test_a_cancelled_head_takes_its_children_along(slurm, head_of):
    job = head_of("sleep 60")
    submit_child(slurm, job)
    run_passes_until(lambda: job.attempts.get().state == "RUNNING")
    request_cancel(job_id=job.pk, actor="user:test", reason="a test")
    run_passes_until(is_final(job))
    job.refresh_from_db()
    assert job.state == "CANCELLED"
    assert slurm.in_scheduler() == []
    submit_child(slurm, job)  # one that the dying head had still in its hands
    run_passes_until(lambda: slurm.in_scheduler() == [])
