"""Real jobs, real Nextflow: reads go in, published analyses come out, and one cut file stops nobody else."""

import urllib.request

import pytest
from django.conf import settings

from analyses.models import Analysis, AnalysisEvent
from analyses.tests.factories import make_sample, make_study
from ena.standin.testing import running_standin
from workflows.batches.closing import close_batch
from workflows.batches.folding import fold_batch
from workflows.batches.places import places_of
from workflows.batches.planning import plan_sample_batches
from workflows.batches.starting import start_batch
from workflows.batches.summaries import finish_copying_summaries, start_copying_summaries
from workflows.models import FlowRun
from workflows.tests.real_batches import analysed, configure, go, machine, prepared, study_on_disk

__all__ = ["machine"]
pytestmark = pytest.mark.nextflow


def assert_all_but_one_are_published(study, *, poisoned):
    found = list(Analysis.objects.filter(study=study).order_by("run__first_accession"))
    bad = found.pop(poisoned)
    assert {analysis.state for analysis in found} == {"published"}
    event = AnalysisEvent.objects.get(analysis=bad, to_state="failed")
    assert (event.reason_code, event.evidence["task"]) == ("missing_in_report", f"FETCH ({bad.run})")
    assert event.evidence["exit"] == 1
    assert "could not be fetched" in event.evidence["log_tail"]
    return {analysis.run.first_accession: analysis.annotation_sets.get().count_total for analysis in found}


def test_the_others_are_published_and_the_failure_names_its_task(machine, tmp_path):
    study = study_on_disk(tmp_path, runs=3, cut={1})
    analysed(study, "mini_amplicon")
    counted = assert_all_but_one_are_published(study, poisoned=1)
    assert counted == {"ERR999700001": 60, "ERR999700003": 60}
    assert FlowRun.objects.get(deployment="finalise_study_deployment").parameters["pipeline"] == "mini_amplicon"
    assert_the_study_is_summarised(study, counted)


@pytest.mark.slurm
@pytest.mark.timeout(600)  # some 160 tasks; a minute on an idle machine
def test_of_forty_runs_on_slurm_thirty_nine_are_published(settings, tmp_path, transactional_db):
    slurm = prepared("slurm", settings, tmp_path)
    study = study_on_disk(tmp_path, runs=40, cut={17}, fragments=10)
    analysed(study, "mini_amplicon", seconds=540)
    counted = assert_all_but_one_are_published(study, poisoned=17)
    assert set(counted.values()) == {10}
    assert len(counted) == 39
    slurm.close()


def assert_the_study_is_summarised(study, counted):
    copy = go(start_copying_summaries(study=study, slug="mini_amplicon", actor="test"))
    assert finish_copying_summaries(study=study, slug="mini_amplicon", job_id=copy.pk) == 2
    study.refresh_from_db()
    download = study.downloads.get(file_type="tsv")
    path = settings.EMG_CONFIG.slurm.ftp_results_dir / study.external_results_dir / download.path
    header, *rows = [line.split("\t") for line in path.read_text().splitlines()]
    assert header == ["taxonomy", *counted]
    assert [sum(int(row[column]) for row in rows) for column in (1, 2)] == [60, 60]
    assert start_copying_summaries(study=study, slug="mini_amplicon", actor="test") is None


def test_a_samples_runs_are_downloaded_and_verified(machine):
    with running_standin() as standin:
        configure(ena={"standin_url": standin.url})
        study = make_study(accession="PRJEB99900001")
        sample = make_sample(study, accession=standin_sample(standin))
        (batch,) = plan_sample_batches(study=study, slug="download_read_runs", samples=[sample], actor="test")
        assert go(start_batch(batch_id=batch.pk, actor="test")).state == "SUCCEEDED"
    fold_batch(batch_id=batch.pk, actor="test")
    close_batch(batch_id=batch.pk, actor="test")
    member = batch.members.get()
    assert (member.verdict, member.word) == ("completed", "downloaded")
    assert member.result["files"]
    for file in member.result["files"]:
        assert (batch_outdir(batch) / sample.first_accession / file["path"]).stat().st_size == file["size_bytes"]
    again = plan_sample_batches(study=study, slug="download_read_runs", samples=[sample], actor="test")
    assert [one.state for one in again] == ["done"]


def batch_outdir(batch):
    return places_of(batch).outdir


def standin_sample(standin):
    query = "result=read_run&accession=PRJEB99900001&fields=run_accession,sample_accession&format=tsv"
    with urllib.request.urlopen(f"{standin.url}/ena/portal/api/filereport?{query}") as answer:
        header, first, *_ = answer.read().decode().splitlines()
    return dict(zip(header.split("\t"), first.split("\t"), strict=True))["sample_accession"]
