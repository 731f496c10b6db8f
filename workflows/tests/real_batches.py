"""A machine with real jobs and real Nextflow, and studies whose reads lie on its disk."""

import pytest
from django.conf import settings

from analyses.tests.factories import fastq_file, make_analysis, make_run, make_study
from ena.standin.reads import Recipe, make_reads, read_reference
from workflows.batches.closing import close_batch
from workflows.batches.folding import fold_batch
from workflows.batches.importing import import_batch
from workflows.batches.planning import plan_batches
from workflows.batches.publishing import finish_publishing, start_publishing
from workflows.batches.starting import start_batch
from workflows.tests.batches_by_hand import sites
from workflows.tests.bundled import PIPELINES, nextflow_or_skip
from workflows.tests.cluster import is_final, run_passes_until
from workflows.tests.conftest import make_cluster


def prepared(backend, settings, root):
    nextflow_or_skip()
    sites(settings, root)
    return make_cluster(backend, settings, root)


@pytest.fixture
def machine(settings, tmp_path, transactional_db):
    made = prepared("local", settings, tmp_path)
    yield made
    made.close()


def configure(**groups):
    config = settings.EMG_CONFIG
    settings.EMG_CONFIG = config.model_copy(
        update={name: getattr(config, name).model_copy(update=changed) for name, changed in groups.items()}
    )


def study_on_disk(root, *, runs, cut=(), fragments=60, **analysis):
    """Runs of amplicon reads with their analyses, served from a folder.

    :param cut: which runs, from 0, have a file that ends too early
    """
    study, names = make_study(), [f"ERR9997{number:05}" for number in range(1, runs + 1)]
    references, mirror = {"ssu": read_reference(PIPELINES / "mini_amplicon/reference/ssu.tsv")}, root / "mirror"
    for seed, run in enumerate(names):
        path = mirror / fastq_file(run)["ftp_url"].partition("/")[2]
        recipe = Recipe(run, f"{run}.fastq.gz", "ssu", "0", fragments, 250, 0.0, seed + 1)
        made = make_reads([recipe], references, root / run)
        content = (made.folder / f"{run}.fastq.gz").read_bytes()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content[:-200] if seed in cut else content)
        make_analysis(make_run(study, accession=run), **analysis)
    configure(reads={"reads_url_root": f"file://{mirror}"})
    return study


def go(job, *, seconds=120):
    run_passes_until(is_final(job), seconds=seconds)
    job.refresh_from_db()
    return job


def analysed(study, slug, *, seconds=120):
    """The lines of ``run_batch``; gives the batch, closed."""
    (batch,) = plan_batches(study=study, slug=slug, actor="test")
    head = go(start_batch(batch_id=batch.pk, actor="test"), seconds=seconds)
    assert head.state == "SUCCEEDED", head.attempts.latest("number").log_tail
    fold_batch(batch_id=batch.pk, actor="test")
    import_batch(batch_id=batch.pk, actor="test")
    if copy := start_publishing(batch_id=batch.pk, actor="test"):
        finish_publishing(batch_id=batch.pk, job_id=go(copy).pk, actor="test")
    return close_batch(batch_id=batch.pk, actor="test")
