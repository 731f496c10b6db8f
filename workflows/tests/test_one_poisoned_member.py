"""Real jobs, real Nextflow: reads go in, published analyses come out, and one cut file stops nobody else."""

import urllib.request

import pytest
from django.conf import settings

from analyses.models import Analysis, AnalysisEvent
from analyses.tests.factories import fastq_file, make_analysis, make_run, make_sample, make_study
from ena.standin.reads import Recipe, make_reads, read_reference
from ena.standin.testing import running_standin
from workflows.batches.closing import close_batch
from workflows.batches.folding import fold_batch
from workflows.batches.importing import import_batch
from workflows.batches.places import places_of
from workflows.batches.planning import plan_batches, plan_sample_batches
from workflows.batches.publishing import finish_publishing, start_publishing
from workflows.batches.starting import start_batch
from workflows.batches.summaries import finish_copying_summaries, start_copying_summaries
from workflows.models import FlowRun
from workflows.tests.batches_by_hand import sites
from workflows.tests.bundled import PIPELINES, nextflow_or_skip
from workflows.tests.cluster import is_final, run_passes_until
from workflows.tests.conftest import make_cluster

pytestmark = pytest.mark.nextflow


@pytest.fixture
def machine(settings, tmp_path, transactional_db):
    nextflow_or_skip()
    sites(settings, tmp_path)
    made = make_cluster("local", settings, tmp_path)
    yield made
    made.close()


def configure(**groups):
    config = settings.EMG_CONFIG
    settings.EMG_CONFIG = config.model_copy(
        update={name: getattr(config, name).model_copy(update=changed) for name, changed in groups.items()}
    )


@pytest.fixture
def study(machine, tmp_path):
    """Two good runs, and one whose file was cut."""
    study, runs = make_study(), [f"ERR99970000{number}" for number in (1, 2, 3)]
    references = {"ssu": read_reference(PIPELINES / "mini_amplicon/reference/ssu.tsv")}
    mirror = tmp_path / "mirror"
    for seed, run in enumerate(runs, start=1):
        path = fastq_file(run)["ftp_url"].partition("/")[2]
        (mirror / path).parent.mkdir(parents=True, exist_ok=True)
        made = make_reads([Recipe(run, f"{run}.fastq.gz", "ssu", "0", 60, 250, 0.0, seed)], references, tmp_path / run)
        content = (made.folder / f"{run}.fastq.gz").read_bytes()
        (mirror / path).write_bytes(content if run != runs[1] else content[:-200])
        make_analysis(make_run(study, accession=run))
    configure(reads={"reads_url_root": f"file://{mirror}"})
    return study


def go(job):
    run_passes_until(is_final(job), seconds=120)
    job.refresh_from_db()
    return job


def test_the_others_are_published_and_the_failure_names_its_task(study):
    (batch,) = plan_batches(study=study, slug="mini_amplicon", actor="test")
    assert go(start_batch(batch_id=batch.pk, actor="test")).state == "SUCCEEDED"
    fold_batch(batch_id=batch.pk, actor="test")
    import_batch(batch_id=batch.pk, actor="test")
    copy = go(start_publishing(batch_id=batch.pk, actor="test"))
    finish_publishing(batch_id=batch.pk, job_id=copy.pk, actor="test")
    close_batch(batch_id=batch.pk, actor="test")
    found = Analysis.objects.filter(study=study).order_by("run__first_accession")
    assert [analysis.state for analysis in found] == ["published", "failed", "published"]
    event = AnalysisEvent.objects.get(analysis=found[1], to_state="failed")
    assert (event.reason_code, event.evidence["task"]) == ("missing_in_report", "FETCH (ERR999700002)")
    assert event.evidence["exit"] == 1
    assert "could not be fetched" in event.evidence["log_tail"]
    counted = {analysis.run.first_accession: analysis.annotation_sets.get().count_total for analysis in found[::2]}
    assert counted == {"ERR999700001": 60, "ERR999700003": 60}
    assert FlowRun.objects.get(deployment="finalise_study_deployment").parameters["pipeline"] == "mini_amplicon"
    assert_the_study_is_summarised(study, counted)


def assert_the_study_is_summarised(study, counted):
    copy = go(start_copying_summaries(study=study, slug="mini_amplicon", actor="test"))
    assert finish_copying_summaries(study=study, slug="mini_amplicon", job_id=copy.pk) == 1
    study.refresh_from_db()
    download = study.downloads.get()
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
