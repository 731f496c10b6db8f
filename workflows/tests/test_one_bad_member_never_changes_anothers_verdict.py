import shutil
from pathlib import Path

import pytest
from django.db import transaction

from analyses.models import AnalysisEvent, Run
from analyses.tests.factories import make_run, make_study
from ena.models import Visibility
from workflows.batches.closing import NotFinished, close_batch, close_cancelled_batches
from workflows.batches.folding import fold_batch, odd_members, settle_odd_verdicts
from workflows.batches.importing import import_batch
from workflows.batches.places import NotReachable
from workflows.batches.planning import plan_batches, plan_sample_batches
from workflows.batches.starting import start_batch
from workflows.cluster.states import record_event
from workflows.models import Attention, Batch, ClusterJob, FlowRun, PipelineRun, PipelineTask
from workflows.tests.batches_by_hand import (
    accessions,
    end_job,
    finish,
    is_done,
    plan,
    report,
    site,
    started,
    states,
    study_of,
    write_tree,
)

__all__ = ["site"]


def failed_task(batch, accession):
    """The head's trace holds a task that failed, and its folder a log."""
    run = PipelineRun.objects.create(attempt=batch.job.attempts.get(), batch=batch)
    PipelineTask.objects.create(
        pipeline_run=run,
        task_id=7,
        process="ASSIGN",
        tag=accession,
        name=f"ASSIGN ({accession})",
        status="FAILED",
        exit=3,
    )


def test_a_failed_head_leaves_finished_members_published_and_the_others_failed_with_the_task(site):
    study = study_of(3)
    batch = started(study)
    first, second, third = accessions(batch)
    write_tree(batch, first)
    report(batch, passed=[first])
    failed_task(batch, second)
    end_job(batch.job, "FAILED", "EXIT", exit_code=1, log_tail="Nextflow: a process failed")
    finish(batch)
    assert states(study) == {first: "published", second: "failed", third: "failed"}
    event = AnalysisEvent.objects.get(analysis__run__first_accession=second, to_state="failed")
    assert event.reason_code == "pipeline_failed"
    assert event.evidence["task"] == f"ASSIGN ({second})"
    assert event.evidence["exit"] == 3
    assert "a process failed" in event.evidence["log_tail"]
    assert is_done(batch)


def test_a_damaged_tree_is_refused_with_all_faults_and_the_next_member_is_published(site):
    study = study_of(2)
    batch = started(study)
    bad, good = accessions(batch)
    root = write_tree(batch, bad)
    (root / f"qc/{bad}_seqfu.tsv").write_text("")
    (root / f"taxonomy-summary/SILVA-SSU/{bad}.html").unlink()
    write_tree(batch, good)
    report(batch, passed=[bad, good])
    end_job(batch.job)
    finish(batch)
    assert states(study) == {bad: "check_failed", good: "published"}
    member = batch.members.get(run__first_accession=bad)
    assert {fault["rule"] for fault in member.faults} == {"not_empty", "mandatory"}
    assert not member.analysis.annotation_sets.exists()


@pytest.mark.parametrize(("passed", "failed"), [(2, 0), (0, 2), (0, 0)])
def test_an_absent_report_is_an_empty_one(site, passed, failed):
    study = study_of(2)
    batch = started(study)
    runs = accessions(batch)
    for accession in runs[:passed]:
        write_tree(batch, accession)
    report(batch, passed=runs[:passed], failed=runs[:failed])
    end_job(batch.job)
    finish(batch)
    expected = "published" if passed else "qc_failed" if failed else "failed"
    assert set(states(study).values()) == {expected}


@pytest.mark.parametrize("damage", ["nul", "no table"])
def test_what_cannot_be_imported_is_refused_alone(site, damage):
    study = study_of(2)
    batch = started(study)
    bad, good = accessions(batch)
    root = write_tree(batch, bad, [("1", "5", "sk__Bact\0eria", "2")])
    if damage == "no table":
        shutil.rmtree(root / "taxonomy-summary")
    write_tree(batch, good)
    report(batch, passed=[bad, good])
    end_job(batch.job)
    finish(batch)
    assert states(study) == {bad: "check_failed", good: "published"}
    assert batch.members.get(run__first_accession=bad).reason_code == "import_error"


def test_a_tree_that_breaks_its_reader_is_refused_and_shown(site):
    study = make_study()
    sample = make_run(study).sample
    (batch,) = plan_sample_batches(study=study, slug="download_read_runs", samples=[sample], actor="test")
    job = start_batch(batch_id=batch.pk, actor="test")
    folder = Path(batch.base_dir) / "results" / sample.first_accession
    folder.mkdir()
    (folder / "manifest.tsv").write_bytes(b"sample\xff")
    end_job(job)
    fold_batch(batch_id=batch.pk, actor="test")
    assert batch.members.get().verdict == "check_failed"
    assert "UnicodeDecodeError" in Attention.objects.get().text
    assert close_batch(batch_id=batch.pk, actor="test").state == "done"


def test_results_on_a_disk_that_is_away_are_not_judged(site):
    study = study_of(1)
    batch = started(study)
    (accession,) = accessions(batch)
    write_tree(batch, accession)
    report(batch, passed=[accession])
    end_job(batch.job)
    Path(batch.base_dir).rename(f"{batch.base_dir}.away")
    with pytest.raises(NotReachable, match="is its disk mounted"):
        fold_batch(batch_id=batch.pk, actor="test")
    Path(f"{batch.base_dir}.away").rename(batch.base_dir)
    finish(batch)
    assert states(study) == {accession: "published"}


def test_a_line_that_was_cut_speaks_for_nobody_else(site):
    study = study_of(2)
    batch = started(study)
    odd, good = accessions(batch)
    write_tree(batch, good)
    lines = f'{good},no_asvs\n"\nERR\xff9\n{odd}'
    (Path(batch.base_dir) / "results" / "qc_passed_runs.csv").write_bytes(lines.encode("latin-1"))
    end_job(batch.job)
    with pytest.raises(NotFinished, match=f"{odd}: no verdict; .*'' is not a known word"):
        finish(batch)
    assert states(study)[good] == "published"


@pytest.mark.parametrize(("way", "state"), [("by_the_tree", "published"), ("fail", "failed"), ("run_again", "running")])
def test_a_person_settles_what_nobody_can_act_on(site, way, state):
    study = study_of(1)
    batch = started(study)
    (odd,) = accessions(batch)
    write_tree(batch, odd)
    report(batch, passed=[odd], word="brand_new")
    end_job(batch.job)
    fold_batch(batch_id=batch.pk, actor="test")
    assert [member.accession for member in odd_members(batch)] == [odd]
    settle_odd_verdicts(batch_id=batch.pk, way=way, actor="test")
    assert not Attention.objects.filter(cleared_at=None).exists()
    job = start_batch(batch_id=batch.pk, actor="test")
    if way == "run_again":
        assert (Batch.objects.get().round, job.is_final) == (2, False)
    else:
        finish(batch)
        assert is_done(batch)
    assert states(study) == {odd: state}


def test_a_run_that_is_suppressed_after_its_import_holds_no_batch(site):
    study = study_of(1)
    batch = started(study)
    (accession,) = accessions(batch)
    write_tree(batch, accession)
    report(batch, passed=[accession])
    end_job(batch.job)
    fold_batch(batch_id=batch.pk, actor="test")
    import_batch(batch_id=batch.pk, actor="test")
    Run.objects.update(own_visibility=Visibility.SUPPRESSED)
    finish(batch)
    assert is_done(batch)
    assert batch.members.get().verdict == "blocked"


def test_a_word_we_do_not_know_is_shown_to_a_person_and_keeps_the_batch_open(site):
    study = study_of(2)
    batch = started(study)
    odd, good = accessions(batch)
    write_tree(batch, good)
    report(batch, passed=[good])
    (Path(batch.base_dir) / "results" / "qc_failed_runs.csv").write_text(f"{odd},brand_new\n")
    end_job(batch.job)
    with pytest.raises(NotFinished, match=f"{odd}: no verdict; .*brand_new"):
        finish(batch)
    assert states(study) == {odd: "running", good: "published"}
    assert "brand_new" in Attention.objects.get(code="odd_verdict").text


def test_a_refused_job_puts_everybody_back(site):
    study = study_of(2)
    batch = started(study)
    end_job(batch.job, "FAILED", "REFUSED")
    finish(batch)
    assert set(states(study).values()) == {"planned"}
    assert Batch.objects.get().state == "cancelled"
    again = started(study)
    assert again.pk == batch.pk
    assert (again.round, again.session_id) == (2, batch.session_id)
    assert set(states(study).values()) == {"running"}


def test_failures_go_back_only_when_asked_for_and_once_a_run(site):
    study = study_of(2)
    batch = started(study)
    end_job(batch.job, "FAILED", "OOM")
    fold_batch(batch_id=batch.pk, actor="test")
    finish(batch)
    assert set(states(study).values()) == {"failed"}
    assert plan_batches(study=study, slug="mini_amplicon", actor="test") == []
    run = make_flow_run()
    (again,) = plan_batches(study=study, slug="mini_amplicon", actor="test", retry_failed=True, flow_run_id=run.pk)
    assert (again.pk, again.state) == (batch.pk, "open")
    more = {"retry_failed": True, "flow_run_id": run.pk}
    assert plan(study, **more) == batch
    start_batch(batch_id=batch.pk, actor="test")
    end_job(Batch.objects.get().job, "FAILED", "OOM")
    finish(batch)
    assert plan(study, **more).state == "done"  # the body starts from the top, and does not begin for ever
    assert ClusterJob.objects.filter(kind="NEXTFLOW").count() == 2


def test_what_failed_through_no_fault_of_its_own_is_planned_again_by_itself(site):
    study = study_of(1)
    batch = started(study)
    end_job(batch.job, "CANCELLED", "CANCELLED")
    close_cancelled_batches(study=study, slug="mini_amplicon", actor="test")
    assert Batch.objects.get().state == "cancelled"
    assert set(states(study).values()) == {"failed"}
    (failed,) = AnalysisEvent.objects.filter(to_state="failed")
    told = {"from_state": "failed", "to_state": "failed", "note": "its files were moved"}  # no move hides why
    AnalysisEvent.objects.create(analysis_id=failed.analysis_id, actor="test", **told)
    assert plan(study).pk == batch.pk
    assert set(states(study).values()) == {"planned"}


def test_batches_that_other_code_has_overtaken_are_planned_anew(site):
    study = study_of(1)
    stale = plan(study)
    Batch.objects.update(revision="0" * 64, key="0" * 16, work_dir="/elsewhere")
    assert plan(study).pk != stale.pk
    assert Batch.objects.get(pk=stale.pk).state == "cancelled"


def test_a_sample_of_two_studies_is_fetched_once(site):
    study, other = make_study(), make_study()
    sample = make_run(study).sample
    batches = [
        plan_sample_batches(study=one, slug="download_read_runs", samples=[sample], actor="test")
        for one in (study, other)
    ]
    assert batches[0] == batches[1]


def make_flow_run():
    with transaction.atomic():
        run = FlowRun.objects.create(
            deployment="analyse_study_deployment", source="test", run_key="test", state="running"
        )
        record_event(row=run, actor="test", kind="met", to_state="running")
    return run
