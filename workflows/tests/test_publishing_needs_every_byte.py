import hashlib
import shutil
from pathlib import Path

import pytest
from django.conf import settings

from analyses.models import Analysis, Study
from ena.models import Study as EnaStudy
from workflows.batches.closing import NotFinished, close_batch
from workflows.batches.folding import fold_batch
from workflows.batches.importing import import_batch
from workflows.batches.places import NotReachable, folder_of
from workflows.batches.publishing import finish_publishing, start_publishing
from workflows.cluster.copying import report_of
from workflows.models import Attention
from workflows.tests.batches_by_hand import (
    accessions,
    do_copy,
    end_job,
    finish,
    is_done,
    report,
    site,
    started,
    states,
    study_of,
    write_tree,
)

__all__ = ["site"]


def imported(study):
    batch = started(study)
    for accession in accessions(batch):
        write_tree(batch, accession)
    report(batch, passed=accessions(batch))
    end_job(batch.job)
    fold_batch(batch_id=batch.pk, actor="test")
    import_batch(batch_id=batch.pk, actor="test")
    return batch


def served(analysis):
    analysis = Analysis.objects.get(pk=analysis.pk)
    slurm = settings.EMG_CONFIG.slurm
    root = slurm.ftp_results_dir if analysis.results_area == "public" else slurm.private_results_dir
    return root / analysis.external_results_dir


def files_below(root):
    return [path for path in Path(root).rglob("*") if path.is_file()]


def test_what_is_served_is_what_was_made(site):
    study = study_of(1)
    batch = imported(study)
    finish(batch)
    (analysis,) = Analysis.objects.filter(study=study)
    assert str(served(analysis)).endswith(f"/{analysis.run.first_accession}/V6/amplicon")
    for download in analysis.downloads.all():
        content = (served(analysis) / download.path).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (download.size_bytes, download.sha256)
    assert (served(analysis) / "checksums.sha256").is_file()
    assert not files_below(settings.EMG_CONFIG.slurm.private_results_dir)


def test_a_short_copy_publishes_nothing_and_the_next_does(site):
    study = study_of(2)
    batch = imported(study)
    job = start_publishing(batch_id=batch.pk, actor="test")
    (first, second) = accessions(batch)
    broken = write_tree(batch, first) / f"qc/{first}_multiqc_report.html"
    whole = broken.read_text()
    broken.write_text("cut")
    do_copy(job)
    outcome = finish_publishing(batch_id=batch.pk, job_id=job.pk, actor="test")
    assert "planned were" in outcome.kept_back[first]
    assert states(study) == {first: "imported", second: "published"}
    assert Attention.objects.filter(code="copy_unverified", cleared_at=None).count() == 1
    with pytest.raises(NotFinished, match=f"{first}: imported; .*planned were"):
        close_batch(batch_id=batch.pk, actor="test")
    broken.write_text(whole)
    finish(batch)
    assert set(states(study).values()) == {"published"}
    assert not Attention.objects.filter(cleared_at=None).exists()
    assert is_done(batch)


def test_a_job_that_left_no_report_publishes_nothing(site):
    study = study_of(1)
    batch = imported(study)
    job = start_publishing(batch_id=batch.pk, actor="test")
    do_copy(job)
    plan = next(Path(path) for path in job.spec["inputs"])
    report_of(plan).unlink()
    assert finish_publishing(batch_id=batch.pk, job_id=job.pk, actor="test").kept_back
    assert set(states(study).values()) == {"imported"}


def test_a_copy_that_the_scheduler_refuses_is_told_where_the_flow_ends(site):
    study = study_of(1)
    batch = imported(study)
    job = start_publishing(batch_id=batch.pk, actor="test")
    end_job(job, "FAILED", "REFUSED", exit_code=None)
    finish_publishing(batch_id=batch.pk, job_id=job.pk, actor="test")
    with pytest.raises(NotFinished, match=r"imported; .* are not published. The copy job ended REFUSED"):
        close_batch(batch_id=batch.pk, actor="test")
    finish(batch)
    assert is_done(batch)


@pytest.mark.parametrize(("before", "after"), [(0, 1), (1, 0)])
def test_a_level_that_moves_during_the_copy_leaves_nothing_on_the_wrong_side(site, before, after):
    study = study_of(1, level=before, owner="Webin-99900001")
    batch = imported(study)
    job = start_publishing(batch_id=batch.pk, actor="test")
    do_copy(job)
    EnaStudy.objects.filter(mgnify_study=study).update(visibility=after)
    assert Study.objects.get(pk=study.pk).visibility == after
    slurm = settings.EMG_CONFIG.slurm
    roots = {0: slurm.ftp_results_dir, 1: slurm.private_results_dir}
    assert files_below(roots[before])
    finish(batch)
    assert not files_below(roots[before])
    assert files_below(roots[after])
    assert Analysis.objects.get(study=study).results_area == ("private" if after else "public")


def test_a_copy_that_went_away_since_its_report_is_made_again(site):
    study = study_of(1)
    batch = imported(study)
    job = start_publishing(batch_id=batch.pk, actor="test")
    do_copy(job)
    shutil.rmtree(settings.EMG_CONFIG.slurm.ftp_results_dir / folder_of(Analysis.objects.get()))
    outcome = finish_publishing(batch_id=batch.pk, job_id=job.pk, actor="test")
    assert "not there any more" in outcome.kept_back[accessions(batch)[0]]
    finish(batch)
    assert files_below(served(Analysis.objects.get()))


def test_nothing_is_copied_while_the_other_side_cannot_be_looked_at(site):
    batch = imported(study_of(1, level=1, owner="Webin-99900001"))
    settings.EMG_CONFIG.slurm.ftp_results_dir.rmdir()
    with pytest.raises(NotReachable, match="ftp_results_dir is not there"):
        start_publishing(batch_id=batch.pk, actor="test")


def test_what_is_kept_back_does_not_stay_where_anybody_reads(site):
    study = study_of(1)
    batch = imported(study)
    job = start_publishing(batch_id=batch.pk, actor="test")
    do_copy(job)
    Study.objects.update(biome=None)
    assert "has no biome" in str(finish_publishing(batch_id=batch.pk, job_id=job.pk, actor="test").kept_back)
    assert not files_below(settings.EMG_CONFIG.slurm.ftp_results_dir)
