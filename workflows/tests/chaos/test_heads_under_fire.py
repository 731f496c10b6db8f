"""P12, P13: a real Nextflow head is cancelled with its children, or killed at work and started again."""

import json
import uuid
from collections import Counter

import pytest

from workflows.cluster.cancellation import request_cancel
from workflows.cluster.doctor import examine
from workflows.cluster.requests import NextflowCall
from workflows.cluster.submission import submit_job
from workflows.models import ClusterJob, PipelineTask
from workflows.tests.bundled import nextflow_or_skip
from workflows.tests.cluster import is_final, let_time_pass, run_passes_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
ROUNDS_IN_FULL = 10
MAIN = """
process STEP {
    cpus 1
    memory '50 MB'
    maxForks params.forks
    input:
    val number
    script:
    "echo $number >> ${params.ledger}; sleep ${params.seconds}"
}
workflow { Channel.of(1..params.tasks) | STEP }
"""
CHILDREN = 30
TASKS, FORKS = 12, 4


@pytest.fixture
def head(slurm):
    """Starts a head of that many tasks; each signs ``signed`` when it starts."""
    nextflow_or_skip()
    for name in ("launch", "work"):
        (slurm.root / name).mkdir()
    (slurm.root / "main.nf").write_text(MAIN)

    def start(**params):
        (slurm.root / "params.json").write_text(json.dumps(params | {"ledger": str(slurm.root / "signed")}))
        call = NextflowCall(
            project_dir=str(slurm.root),
            main="main.nf",
            params_file=str(slurm.root / "params.json"),
            work_dir=str(slurm.root / "work"),
            launch_dir=str(slurm.root / "launch"),
            session_id=str(uuid.uuid4()),
        )
        wanted = {"kind": ClusterJob.Kind.NEXTFLOW, "argv": None, "nextflow": call, "cancel_grace_seconds": 20}
        job = slurm.intend(memory_mib=1024, time_limit_seconds=600, **wanted)
        submit_job(job)
        return job

    return start


def signed(slurm):
    ledger = slurm.root / "signed"
    return Counter(ledger.read_text().split()) if ledger.exists() else Counter()


def test_a_cancel_leaves_none_of_thirty_children(slurm, head, dice):
    job = head(tasks=CHILDREN, forks=CHILDREN, seconds=300)
    enough = dice.randint(1, CHILDREN)  # some are submitted while it dies
    run_passes_until(lambda: job.attempts.get().children_live >= enough, seconds=240)
    request_cancel(job_id=job.pk, actor="user:test", reason="chaos")
    run_passes_until(is_final(job), seconds=200)
    job.refresh_from_db()
    assert (job.state, job.attempts.count()) == ("CANCELLED", 1)
    assert slurm.in_scheduler() == []
    assert examine() == []


def test_a_killed_head_repeats_only_what_was_under_way(slurm, head, dice):
    job = head(tasks=TASKS, forks=FORKS, seconds=2)
    first, done = job.attempts.get(), dice.randint(FORKS, TASKS - FORKS)
    run_passes_until(lambda: signed(slurm).total() >= done + FORKS, seconds=240)
    slurm.break_down(first)

    def over():
        let_time_pass()
        second = job.attempts.filter(number=2).exclude(state="INTENDED").exists()
        assert not (second and [seen for seen in slurm.in_scheduler() if seen.name.startswith(f"{first.token}.")])
        return is_final(job)()

    run_passes_until(over, seconds=240)
    job.refresh_from_db()
    assert job.state == "SUCCEEDED", list(job.attempts.values_list("number", "outcome_class", "evidence", "log_tail"))
    assert job.attempts.get(number=1).outcome_class == "INFRASTRUCTURE"
    assert set(signed(slurm)) == {str(number) for number in range(1, TASKS + 1)}
    assert signed(slurm).total() <= TASKS + FORKS
    again = PipelineTask.objects.filter(pipeline_run__attempt=job.attempts.get(number=2))
    assert again.count() == TASKS
    assert again.filter(status="CACHED").count() >= done
    assert PipelineTask.objects.filter(pipeline_run__attempt=first, status="COMPLETED").exists()
    assert examine() == []
