"""S5, the brake: a listing of another cluster, healthy and empty, ends nothing before a person says so (§2.7)."""

import pytest
from django.db import transaction

from workflows.cluster.reconciler import BRAKE_JOBS, run_pass
from workflows.models import Attention, ClusterJobAttempt
from workflows.services.attention import dismiss_attention
from workflows.tests.conftest import make_cluster
from workflows.tests.jobs_by_hand import make_job

PASSES = 7


@pytest.fixture
def impatient(settings, tmp_path, transactional_db):
    """Lost at once, if nothing but time were asked."""
    make_cluster("local", settings, tmp_path)
    cluster = settings.EMG_CONFIG.cluster.model_copy(update={"lost_after_seconds": 0})
    settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={"cluster": cluster})


def queue_jobs_that_nobody_knows(number):
    with transaction.atomic():
        for place in range(number):
            make_job("SUBMITTING", "HELD", "QUEUED", backend_job_id=f"boot.{place}.1")


def lost_after_many_passes():
    for _ in range(PASSES):
        run_pass()
    return ClusterJobAttempt.objects.filter(outcome_class="LOST").count()


def test_few_are_lost(impatient):
    queue_jobs_that_nobody_knows(BRAKE_JOBS)
    assert lost_after_many_passes() == BRAKE_JOBS


def test_many_are_not_until_a_person_says_so(impatient):
    queue_jobs_that_nobody_knows(BRAKE_JOBS + 1)
    assert lost_after_many_passes() == 0
    told = Attention.objects.get(code="many_missing", cleared_at=None)
    dismiss_attention(attention=told, actor="user:test", because="the controller lost its state")
    assert lost_after_many_passes() == BRAKE_JOBS + 1
    assert not Attention.objects.filter(code="many_missing", cleared_at=None).exists()
