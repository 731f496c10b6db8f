import pytest

from workflows.batches.closing import close_cancelled_batches
from workflows.batches.folding import fold_batch
from workflows.batches.importing import import_batch
from workflows.batches.places import places_of
from workflows.batches.rounds import Waiting, next_round
from workflows.batches.starting import start_batch, waits_for_round
from workflows.models import Batch, PipelineRun, PipelineTask
from workflows.tests.batches_by_hand import (
    accessions,
    end_job,
    finish,
    is_done,
    plan,
    report,
    sites,
    states,
    study_of,
    write_tree,
)


@pytest.fixture
def site(settings, tmp_path, transactional_db):
    return sites(settings, tmp_path, max_member_rounds=3)


def begin(batch):
    """The next round; gives who is in it."""
    start_batch(batch_id=batch.pk, actor="test")
    batch.refresh_from_db()
    _, *lines = places_of(batch).sheet(batch.round).read_text().splitlines()
    return [line.split(",")[0] for line in lines]


def fail(batch, *named, cancelled=False):
    """The head ends with a failed task of each of those, and is folded."""
    run = PipelineRun.objects.create(attempt=batch.job.attempts.get(), batch=batch)
    for number, accession in enumerate(named or ["nobody"]):
        name = f"ASSIGN ({accession})"
        PipelineTask.objects.create(pipeline_run=run, task_id=number, name=name, status="FAILED", exit=3)
    end_job(batch.job, *(("CANCELLED", "CANCELLED") if cancelled else ("FAILED", "EXIT")), exit_code=1)
    fold_batch(batch_id=batch.pk, actor="test")
    fold_batch(batch_id=batch.pk, actor="test")  # twice is once
    import_batch(batch_id=batch.pk, actor="test")


def succeed(batch, *done):
    for accession in done:
        write_tree(batch, accession)
    report(batch, passed=done)
    end_job(batch.job)
    fold_batch(batch_id=batch.pk, actor="test")


def test_who_failed_comes_last_and_alone_and_the_finished_are_not_run_again(site):
    study = study_of(4)
    batch = plan(study)
    done, poison, third, fourth = begin(batch)
    write_tree(batch, done)
    report(batch, passed=[done])
    fail(batch, poison)
    assert states(study) == {done: "imported", poison: "running", third: "running", fourth: "running"}
    session = batch.session_id
    assert begin(batch) == [third, fourth]
    assert (batch.round, batch.session_id) == (2, session)
    assert begin(batch) == [third, fourth]  # its job goes on: nobody else is begun
    assert batch.round == 2
    succeed(batch, third, fourth)
    assert begin(batch) == [poison]
    fail(batch, poison)
    assert not waits_for_round(batch.pk)
    finish(batch)
    assert states(study) == {done: "published", third: "published", fourth: "published", poison: "failed"}
    member = batch.members.get(run__first_accession=poison)
    assert (member.reason_code, member.rounds, member.evidence["task"]) == ("pipeline_failed", 2, f"ASSIGN ({poison})")
    assert is_done(batch)


def test_after_two_failures_that_name_nobody_each_goes_alone(site):
    study = study_of(3)
    batch = plan(study)
    everybody = begin(batch)
    fail(batch)
    assert begin(batch) == everybody
    fail(batch)
    first, second, third = everybody
    assert begin(batch) == [first]
    succeed(batch, first)
    assert begin(batch) == [second]
    fail(batch)
    assert begin(batch) == [third]
    succeed(batch, third)
    finish(batch)
    assert states(study) == {first: "published", second: "failed", third: "published"}


def test_a_report_of_an_older_round_speaks_for_nobody(site):
    study = study_of(2)
    batch = plan(study)
    first, second = begin(batch)
    report(batch, passed=[first])  # its tree is not there: unfinished
    fail(batch, second)
    assert begin(batch) == [first]
    end_job(batch.job)
    fold_batch(batch_id=batch.pk, actor="test")
    assert batch.members.get(run__first_accession=first).reason_code == "missing_in_report"


def test_what_people_stop_goes_no_further(site):
    study = study_of(3)
    batch = plan(study)
    first, *others = begin(batch)
    fail(batch, first)
    assert begin(batch) == others
    fail(batch, cancelled=True)
    assert not waits_for_round(batch.pk)
    close_cancelled_batches(study=study, slug=batch.slug, actor="test")
    assert Batch.objects.get().state == "cancelled"
    assert set(states(study).values()) == {"failed"}
    assert set(accessions(batch)) == {first, *others}


def test_a_member_alone_is_tried_once(site):
    batch = plan(study_of(1))
    begin(batch)
    fail(batch)
    assert not waits_for_round(batch.pk)
    assert batch.members.get().reason_code == "pipeline_failed"


@pytest.mark.parametrize(
    ("waiting", "nameless", "going"),
    [
        ([(1, 1, False), (2, 1, True), (3, 1, False)], 0, [1, 3]),
        ([(1, 1, True), (2, 1, True)], 1, [1]),
        ([(1, 2, True), (2, 1, True)], 0, [2]),
        ([(1, 2, False), (2, 2, False), (3, 1, True)], 2, [1]),
        ([], 0, []),
    ],
)
def test_the_order_of_rounds(waiting, nameless, going):
    rows = [Waiting(key, f"ERR{key}", rounds, named) for key, rounds, named in waiting]
    assert next_round(rows, nameless=nameless) == going
