"""Whole trees are imported and published, however they came; others are listed and left (spec/pipelines.md §4.8)."""

import shutil

import pytest
from django.conf import settings

from analyses.models import Analysis
from analyses.tests.factories import make_analysis, make_run
from workflows.batches.places import places_of
from workflows.batches.recovery import OutdirRefused, adopt_outdir, batches_in_need, find_results, page_of, take_results
from workflows.models import Batch, WorkEvent
from workflows.tests.batches_by_hand import (
    accessions,
    end_job,
    finish,
    plan,
    report,
    site,
    started,
    states,
    study_of,
    write_tree,
)

__all__ = ["site"]


def in_need(study):
    return batches_in_need(study=study, version="V6")


@pytest.fixture
def failed(site):
    """A batch whose job died: nothing reported, nobody published."""
    batch = started(study_of(2))
    end_job(batch.job, "FAILED", "EXIT", exit_code=1)
    finish(batch)
    return Batch.objects.get(pk=batch.pk)


def test_what_was_restored_is_published_and_what_is_incomplete_stays(failed):
    whole, other = accessions(failed)
    write_tree(failed, whole)
    (write_tree(failed, other) / f"qc/{other}_seqfu.tsv").unlink()
    report(failed, passed=[whole, other])
    events = WorkEvent.objects.count()
    (batch,) = in_need(failed.study)
    page = page_of(find_results(batch))
    assert f"| {whole} | failed | whole |  |" in page
    assert f"{other}_seqfu.tsv" in page
    assert WorkEvent.objects.count() == events, "a look writes nothing"
    (taken,) = take_results(batch=batch, actor="test")
    assert taken.member.accession == whole
    finish(Batch.objects.get(pk=batch.pk))
    assert states(failed.study) == {whole: "published", other: "failed"}
    assert Batch.objects.get(pk=batch.pk).state == "done"
    assert not take_results(batch=batch, actor="test"), "nothing new"


def test_a_tree_that_a_report_speaks_against_is_not_taken(failed):
    first, _ = accessions(failed)
    write_tree(failed, first)
    report(failed, failed=[first])
    (batch,) = in_need(failed.study)
    assert not take_results(batch=batch, actor="test")
    assert set(states(failed.study).values()) == {"failed"}


def test_results_made_elsewhere_are_linked_into_batches_of_ours(site):
    study, scratch = study_of(2), started(study_of(1))
    whole, other = sorted(Analysis.objects.filter(study=study).values_list("run__first_accession", flat=True))
    write_tree(scratch, whole)
    report(scratch, passed=[whole])
    outdir = settings.EMG_CONFIG.slurm.default_workdir / "by-hand"
    shutil.move(places_of(scratch).outdir, outdir)
    with pytest.raises(OutdirRefused):
        adopt_outdir(study=study, slug="mini_amplicon", outdir=outdir.parent.parent, actor="test")
    for _ in range(2):  # safe to repeat
        (batch,) = adopt_outdir(study=study, slug="mini_amplicon", outdir=outdir, actor="test")
    (taken,) = take_results(batch=batch, actor="test")
    assert taken.member.accession == whole
    finish(Batch.objects.get(pk=batch.pk))
    assert states(study) == {whole: "published", other: "planned"}
    assert (outdir / whole).is_dir(), "what was made elsewhere stays there"


def test_an_analysis_that_another_batch_holds_is_left_alone(failed):
    for accession in accessions(failed):
        write_tree(failed, accession)
    report(failed, passed=accessions(failed))
    make_analysis(make_run(failed.study))  # other members, another batch
    assert plan(failed.study, retry_failed=True).pk != failed.pk
    assert not take_results(batch=failed, actor="test")
    assert set(states(failed.study).values()) == {"planned"}
