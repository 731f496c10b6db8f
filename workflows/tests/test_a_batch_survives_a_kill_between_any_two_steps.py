import pytest

from analyses.models import Analysis, AnalysisEvent, Download
from workflows.batches.starting import start_batch
from workflows.cluster import failpoints
from workflows.models import Batch, ClusterJob
from workflows.tests.batches_by_hand import (
    accessions,
    end_job,
    finish,
    is_done,
    plan,
    report,
    site,
    states,
    study_of,
    write_tree,
)

__all__ = ["site"]
STARTING = ["batch_prepared", "batch_intended"]
ENDING = ["reports_set_aside", "member_folded", "member_imported", "copy_intended", "member_published"]


@pytest.fixture
def kill_at(monkeypatch):
    """The next passing of that failpoint raises, once."""

    def arm(name):
        failpoints._passed.clear()
        monkeypatch.setenv("EMG_FAILPOINTS_ENABLED", "1")
        monkeypatch.setenv("EMG_FAILPOINT", f"{name}:raise")

    return arm


@pytest.mark.parametrize("name", STARTING)
def test_a_start_that_was_killed_is_one_job_and_nothing_is_started_without_it(site, kill_at, name):
    study = study_of(2)
    batch = plan(study)
    kill_at(name)
    with pytest.raises(failpoints.FailpointReached):
        start_batch(batch_id=batch.pk, actor="test")
    running = set(states(study).values()) == {"running"}
    assert running == ClusterJob.objects.filter(logical_key=f"batch:{batch.pk}").exists()
    for _ in range(2):
        start_batch(batch_id=batch.pk, actor="test")
    assert ClusterJob.objects.count() == 1
    assert Batch.objects.get().round == 1
    assert [member.rounds for member in batch.members.all()] == [1, 1]
    assert set(states(study).values()) == {"running"}


@pytest.mark.parametrize("name", ENDING)
def test_an_end_that_was_killed_ends_the_same(site, kill_at, name):
    study = study_of(3)
    batch = plan(study)
    start_batch(batch_id=batch.pk, actor="test")
    good, bad = accessions(batch)[:2], accessions(batch)[2]
    for accession in good:
        write_tree(batch, accession)
    report(batch, passed=good, failed=[bad])
    end_job(ClusterJob.objects.get())
    kill_at(name)
    with pytest.raises(failpoints.FailpointReached):
        finish(batch)
    finish(batch)
    finish(batch)
    assert is_done(batch)
    assert states(study) == dict.fromkeys(good, "published") | {bad: "qc_failed"}
    assert ClusterJob.objects.count() == 2  # one head, one copy
    moves = AnalysisEvent.objects.filter(analysis__study=study)
    assert moves.filter(to_state="published").count() == moves.filter(to_state="imported").count() == 2
    assert not Download.objects.filter(analysis__study=study, verified_at=None).exists()
    assert Analysis.objects.filter(study=study, is_ready=True).count() == 2
