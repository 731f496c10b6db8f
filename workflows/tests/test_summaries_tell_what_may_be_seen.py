from pathlib import Path

import pytest
from django.conf import settings

from analyses.models import Analysis, Run, Study
from ena.models import Study as EnaStudy
from ena.models import Visibility
from workflows.batches.summaries import (
    SummariesNotCopied,
    finish_copying_summaries,
    start_copying_summaries,
    summaries_are_served,
)
from workflows.tests.batches_by_hand import (
    accessions,
    do_copy,
    end_job,
    finish,
    report,
    site,
    started,
    study_of,
    write_tree,
)

__all__ = ["site"]
SLUG = "mini_amplicon"


def published(**fields):
    study = study_of(2, **fields)
    batch = started(study)
    for accession in accessions(batch):
        write_tree(batch, accession)
    report(batch, passed=accessions(batch))
    end_job(batch.job)
    finish(batch)
    return study


def finalise(study):
    """What is served then; None where nothing had to be copied."""
    job = start_copying_summaries(study=study, slug=SLUG, actor="test")
    if job is None:
        return None
    do_copy(job)
    finish_copying_summaries(study=study, slug=SLUG, job_id=job.pk)
    return tables(study)


def tables(study, area="ftp"):
    root = getattr(settings.EMG_CONFIG.slurm, f"{area}_results_dir")
    return [path.read_text() for path in Path(root).rglob(f"{study.first_accession}*summary.tsv")]


def suppress(run):
    Run.objects.filter(pk=run.pk).update(own_visibility=Visibility.SUPPRESSED)


def test_a_run_that_was_suppressed_leaves_the_tables(site):
    study = published()
    (before,) = finalise(study)
    first, second = (analysis.run for analysis in Analysis.objects.order_by("run__first_accession"))
    assert first.first_accession in before
    assert summaries_are_served(study=study, slug=SLUG)
    suppress(first)
    assert not summaries_are_served(study=study, slug=SLUG)
    (after,) = finalise(study)
    assert after.splitlines()[0].split("\t") == ["taxonomy", second.first_accession]
    assert finalise(study) is None
    suppress(second)
    assert finalise(study) is None
    assert tables(study) == []
    assert not Study.objects.get(pk=study.pk).downloads.exists()


@pytest.mark.parametrize("copied", [True, False])
def test_no_table_stays_public_when_the_study_turns_private(site, copied):
    study = published(owner="Webin-99900001")
    finalise(study) if copied else None
    job = None if copied else start_copying_summaries(study=study, slug=SLUG, actor="test")
    EnaStudy.objects.filter(mgnify_study=study).update(visibility=Visibility.PRIVATE)
    if job:
        do_copy(job)
        assert tables(study)
        with pytest.raises(SummariesNotCopied, match="the level moved"):
            finish_copying_summaries(study=study, slug=SLUG, job_id=job.pk)
    else:
        start_copying_summaries(study=study, slug=SLUG, actor="test")
    assert not tables(study)
    finalise(study)
    assert tables(study, "private")
