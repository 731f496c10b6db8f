"""Promise 47: a study is finalised by itself, once, however its last two batches end at the same moment."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from workflows.batches.closing import close_batch
from workflows.batches.folding import fold_batch
from workflows.batches.importing import import_batch
from workflows.batches.planning import plan_batches
from workflows.batches.publishing import finish_publishing, start_publishing
from workflows.batches.starting import start_batch
from workflows.models import Batch, FlowRun, Notice
from workflows.tests.batches_by_hand import accessions, do_copy, end_job, report, site, study_of, write_tree
from workflows.tests.real_batches import configure

__all__ = ["site"]
PAUSE = 0.5


@pytest.fixture
def last_two(site):
    """Two batches of a study, all published, open still."""
    configure(mini_pipeline={"samplesheet_chunk_size": 1})
    batches = plan_batches(study=study_of(2), slug="mini_amplicon", actor="test")
    for planned in batches:
        start_batch(batch_id=planned.pk, actor="test")
        batch = Batch.objects.get(pk=planned.pk)
        write_tree(batch, *accessions(batch))
        report(batch, passed=accessions(batch))
        end_job(batch.job)
        fold_batch(batch_id=batch.pk, actor="test")
        import_batch(batch_id=batch.pk, actor="test")
        copy = start_publishing(batch_id=batch.pk, actor="test")
        do_copy(copy)
        finish_publishing(batch_id=batch.pk, job_id=copy.pk, actor="test")
    return batches


def close(batch, before=lambda: None, then=lambda: None):
    try:
        before()
        with transaction.atomic():
            close_batch(batch_id=batch.pk, actor="test")
            then()
    finally:
        connection.close()


def assert_finalised_once():
    assert set(Batch.objects.values_list("state", flat=True)) == {"done"}
    assert FlowRun.objects.filter(deployment="finalise_study_deployment").count() == 1
    headings = ["2 analyses of mini_amplicon are published", "flow.analysis.finished", "study.published"]
    assert sorted(Notice.objects.values_list("heading", flat=True)) == headings


def test_while_one_is_about_to_commit_the_other_waits_for_it(last_two):
    has_closed, may_commit = threading.Event(), threading.Event()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(close, last_two[0], then=lambda: (has_closed.set(), may_commit.wait(30)))
        second = pool.submit(close, last_two[1], before=lambda: has_closed.wait(30))
        has_closed.wait(30)
        with pytest.raises(TimeoutError):
            second.result(PAUSE)
        may_commit.set()
        first.result(30), second.result(30)
    assert_finalised_once()


def test_both_at_once_and_again(last_two):
    together = threading.Barrier(4)
    with ThreadPoolExecutor(4) as pool:
        for closing in [pool.submit(close, batch, before=together.wait) for batch in last_two * 2]:
            closing.result(30)
    assert_finalised_once()
