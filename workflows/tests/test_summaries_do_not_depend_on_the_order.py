"""Promise 34: the tables of a study are equal whatever came first, failed once, or lacked an optional file."""

from itertools import permutations
from pathlib import Path

import pytest
from django.conf import settings

from analyses.tests.factories import make_analysis, make_run, make_study
from workflows.batches.places import places_of
from workflows.batches.planning import plan_batches
from workflows.batches.starting import start_batch
from workflows.models import Batch
from workflows.tests.batches_by_hand import accessions, end_job, finish, report, site, states
from workflows.tests.made_trees import amplicon_tree
from workflows.tests.real_batches import configure
from workflows.tests.test_summaries_tell_what_may_be_seen import SLUG, finalise

__all__ = ["site"]
RUNS = ("ERR9990001", "ERR9990002", "ERR9990003")
DATABASES = {RUNS[0]: ["SILVA-SSU", "SILVA-LSU"], RUNS[1]: ["SILVA-SSU"], RUNS[2]: ["SILVA-SSU", "SILVA-LSU"]}
READS = {run: number for number, run in enumerate(RUNS, start=1)}
EXPECTED = {
    "SILVA-SSU": "sk__Archaea\t10\t20\t30\nsk__Bacteria\t1\t2\t3\n",
    "SILVA-LSU": "sk__Archaea\t10\t0\t30\nsk__Bacteria\t1\t0\t3\n",  # the second has no such file
}


@pytest.fixture
def study(site):
    configure(mini_pipeline={"samplesheet_chunk_size": 1})
    study = make_study()
    for run in RUNS:
        make_analysis(make_run(study, accession=run))
    return study


def batches(study, **more):
    """By the run that each is of."""
    planned = plan_batches(study=study, slug=SLUG, actor="test", **more)
    return {accessions(batch)[0]: batch for batch in planned}


def publish(batch):
    start_batch(batch_id=batch.pk, actor="test")
    batch = Batch.objects.get(pk=batch.pk)
    (run,) = accessions(batch)
    rows = [("1", f"{READS[run]}0", "sk__Archaea", "2157"), ("2", str(READS[run]), "sk__Bacteria", "2")]
    amplicon_tree(places_of(batch).outdir / run, run, databases=DATABASES[run], rows=rows)
    report(batch, passed=[run])
    end_job(batch.job)
    finish(batch)


def fail(batch):
    start_batch(batch_id=batch.pk, actor="test")
    end_job(Batch.objects.get(pk=batch.pk).job, "FAILED", "OOM", exit_code=137)
    finish(batch)


def served(study):
    """Text by database, as it lies in the public area; and the runs of its Darwin Core table in their order."""
    root, stem = Path(settings.EMG_CONFIG.slurm.ftp_results_dir), f"{study.first_accession}_"
    tables = {path.name.removeprefix(stem): path.read_text() for path in root.rglob(f"{stem}*")}
    summaries = {name.partition("_study")[0]: text for name, text in tables.items() if name.endswith("summary.tsv")}
    _, *rows = tables["closedref_SILVA-SSU_dwcready.csv"].splitlines()
    return summaries, [row.split(",")[2] for row in rows]


def assert_whole(study):
    summaries, runs = served(study)
    header = "\t".join(["taxonomy", *RUNS])
    assert summaries == {name: f"{header}\n{lines}" for name, lines in EXPECTED.items()}
    assert runs == [run for run in RUNS for _ in range(2)]


@pytest.mark.parametrize("order", list(permutations(RUNS)), ids=lambda order: ",".join(run[-1] for run in order))
def test_whichever_was_published_first(study, order):
    planned = batches(study)
    for run in order:
        publish(planned[run])
        finalise(study)
    assert_whole(study)


def test_after_one_failed_and_was_tried_again(study):
    planned = batches(study)
    publish(planned[RUNS[2]])
    fail(planned[RUNS[0]])
    publish(planned[RUNS[1]])
    finalise(study)
    assert served(study)[0]["SILVA-SSU"].startswith(f"taxonomy\t{RUNS[1]}\t{RUNS[2]}\n")
    publish(batches(study, retry_failed=True)[RUNS[0]])
    assert set(states(study).values()) == {"published"}
    finalise(study)
    assert_whole(study)
