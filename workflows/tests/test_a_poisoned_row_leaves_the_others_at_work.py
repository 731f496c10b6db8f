import shutil

import pytest
from django.db import transaction
from django.db.models.functions import Now

from workflows.cluster.reconciler import run_pass
from workflows.cluster.submission import submit_job
from workflows.models import Attention, ClusterJob
from workflows.tests.cluster import directory_of, is_final, kill_at, let_time_pass, run_passes_until
from workflows.tests.jobs_by_hand import make_job


def test_somebody_is_told_until_it_is_good_again(cluster):
    poisoned, good = cluster.intend("true 1"), cluster.intend("true 2")
    spec = poisoned.spec
    ClusterJob.objects.filter(pk=poisoned.pk).update(spec={})
    let_time_pass()
    run_passes_until(is_final(good))
    told = Attention.objects.get()
    assert (told.code, told.subject_id) == ("pass_failed", str(poisoned.pk))
    assert poisoned.attempts.get().token in told.text
    let_time_pass()
    ClusterJob.objects.filter(pk=poisoned.pk).update(spec=spec)
    run_passes_until(is_final(poisoned))
    told.refresh_from_db()
    assert told.cleared_at is not None


def test_a_held_job_without_its_directory_keeps_no_other_from_its_release(cluster):
    jobs = [cluster.intend(f"true {number}") for number in range(2)]
    for job in jobs:
        assert kill_at("recorded", lambda job=job: submit_job(job))
    shutil.rmtree(directory_of(jobs[0]))
    let_time_pass()
    run_passes_until(is_final(jobs[1]), seconds=20)


def test_a_cancel_does_not_wait_for_a_back_off(cluster):
    job = cluster.intend()
    job.attempts.update(not_before="2100-01-01T00:00Z")
    ClusterJob.objects.update(cancel_requested_at=Now())  # between the two looks of who ended the attempt before
    run_pass()
    job.refresh_from_db()
    assert job.state == "CANCELLED"


@pytest.mark.slurm
def test_one_backend_that_cannot_be_looked_at_leaves_the_other_at_work(slurm):
    (slurm.root / "state").mkdir()
    (slurm.root / "state" / "local").write_text("a file where its folder should be")
    with transaction.atomic():
        make_job()  # of the local backend
    job = slurm.start()
    run_passes_until(is_final(job), seconds=20)
    assert Attention.objects.filter(code="pass_failed", subject_id="local").exists()
