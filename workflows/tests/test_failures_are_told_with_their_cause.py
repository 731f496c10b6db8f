"""The line a flow ends with says how many failed and why the first did, so that nobody has to search for it."""

import pytest

from workflows.batches.folding import fold_batch
from workflows.batches.reports import failures_in_words
from workflows.models import BatchMember, PipelineRun, PipelineTask
from workflows.tests.batches_by_hand import accessions, end_job, report, site, started, study_of, write_tree

__all__ = ["site"]


@pytest.fixture
def batch(site):
    return started(study_of(2))


def test_a_pipeline_that_exits_1(batch):
    first, _ = accessions(batch)
    run = PipelineRun.objects.create(attempt=batch.job.attempts.get(), batch=batch)
    PipelineTask.objects.create(
        pipeline_run=run, task_id=1, process="QC", tag=first, name=f"QC ({first})", status="FAILED", exit=3
    )
    end_job(batch.job, "FAILED", "EXIT", exit_code=1, log_tail="a process failed")
    fold_batch(batch_id=batch.pk, actor="test")
    assert failures_in_words([batch]) == f"2 failed; first {first}: pipeline_failed, QC ({first}), exit code 3"


def test_a_head_that_fails_by_itself(batch):
    tail = "N E X T F L O W\nERROR ~ No space left on device\n\n -- Check '/jobs/nextflow.log' file for details\n"
    end_job(batch.job, "FAILED", "EXIT", exit_code=1, log_tail=tail)
    fold_batch(batch_id=batch.pk, actor="test")
    told = f"2 failed; first {accessions(batch)[0]}: pipeline_failed, exit code 1, No space left on device"
    assert failures_in_words([batch]) == told


def test_a_damaged_tree(batch):
    bad, good = accessions(batch)
    for accession in (bad, good):
        write_tree(batch, accession)
    (batch_folder(batch, bad) / f"{bad}_seqfu.tsv").write_text("")
    report(batch, passed=[bad, good])
    end_job(batch.job)
    fold_batch(batch_id=batch.pk, actor="test")
    told = failures_in_words([batch])
    assert told.startswith(f"1 check_failed; first {bad}: outputs_invalid, qc/{bad}_seqfu.tsv")


def test_a_file_with_another_sum(batch):
    bad, _ = accessions(batch)
    BatchMember.objects.filter(batch=batch).update(verdict="completed")
    result = {"runs": [{"run": "ERR999000071", "word": "ok"}, {"run": "ERR999000075", "word": "md5_mismatch"}]}
    BatchMember.objects.filter(run__first_accession=bad).update(verdict="failed", reason_code="partly", result=result)
    assert failures_in_words([batch]) == f"1 failed; first {bad}: partly, ERR999000075 md5_mismatch"


def test_no_failure_no_word(batch):
    BatchMember.objects.filter(batch=batch).update(verdict="completed")
    assert failures_in_words([batch]) == ""


def batch_folder(batch, accession):
    return write_tree(batch, accession) / "qc"
