"""What stands still is found by its state, asked for once, or told (spec/pipelines.md §4.15)."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from analyses.models import Analysis, Study
from ena.models import Study as EnaStudy
from workflows.batches import housekeeping
from workflows.batches.folding import fold_batch
from workflows.batches.housekeeping import keep_house, keep_results
from workflows.batches.importing import import_batch
from workflows.cluster.states import transition
from workflows.models import Attention, Batch, FlowRun
from workflows.services.flow_runs import ask_for_run, close_flow_run
from workflows.tests.batches_by_hand import accessions, end_job, plan, report, site, started, study_of, write_tree
from workflows.tests.test_files_follow_the_level import move
from workflows.tests.test_summaries_tell_what_may_be_seen import finalise, published

__all__ = ["site"]


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Nothing is too young to be seen to."""
    monkeypatch.setattr(housekeeping, "SETTLED", timedelta(0))
    monkeypatch.setattr(housekeeping, "TOO_LONG", timedelta(0))


def asked(deployment):
    return list(FlowRun.objects.filter(deployment=f"{deployment}_deployment", source="housekeeping"))


def end(run, to):
    for state in ("launching", "launched"):
        transition(row=run, to=state, actor="test", kind="moved")
    close_flow_run(run=run, to=to, actor="test")


def told():
    return sorted(Attention.objects.filter(cleared_at=None).values_list("code", flat=True))


def test_results_on_the_wrong_side_are_moved_and_told_until_they_are(site):
    study = published(level=0, owner="Webin-99900001")
    finalise(study)
    assert not keep_house()
    EnaStudy.objects.filter(mgnify_study=study).update(visibility=1)
    assert keep_house()
    assert not keep_house(), "asked for once"
    (run,) = asked("move_results")
    assert run.parameters == {"study_accession": study.accession}
    assert told() == [housekeeping.STILL_PUBLIC]
    EnaStudy.objects.filter(mgnify_study=study).update(visibility=0)
    keep_house()
    assert told() == []


def test_an_open_batch_without_a_run_goes_on_once_and_is_told_if_that_fails(site):
    batch = plan(study_of(1))
    assert keep_house()
    (run,) = asked("run_batch")
    assert run.parameters == {"batch_id": str(batch.pk)}
    assert not keep_house()
    assert told() == []
    end(run, "failed")
    assert not keep_house(), "what failed is not tried for ever"
    assert told() == [housekeeping.STOPPED]
    ask_for_run(
        deployment="run_batch_deployment",
        parameters={"batch_id": str(batch.pk)},
        source="admin",
        run_key="again",
        actor="someone",
    )
    keep_house()
    assert told() == [], "somebody works on it"


def test_what_a_person_stopped_is_only_told(site):
    batch = plan(study_of(1))
    run, _ = ask_for_run(
        deployment="run_batch_deployment",
        parameters={"batch_id": str(batch.pk)},
        source="admin",
        run_key="1",
        actor="someone",
    )
    close_flow_run(run=run, to="cancelled", actor="someone")
    assert not keep_house()
    assert told() == [housekeeping.STOPPED]


def test_the_run_that_planned_a_batch_will_start_it(site):
    study = study_of(1)
    planner, _ = ask_for_run(
        deployment="analyse_study_deployment",
        parameters={"study_accession": study.accession, "pipeline": "mini_amplicon"},
        source="api",
        run_key="1",
        actor="someone",
    )
    batch = plan(study, flow_run_id=planner.pk)
    assert Batch.objects.get(pk=batch.pk).flow_run == planner
    assert not keep_house()
    end(planner, "failed")
    assert keep_house()


def test_imported_analyses_that_no_batch_will_publish_are_told(site):
    batch = started(study_of(1))
    (accession,) = accessions(batch)
    write_tree(batch, accession)
    report(batch, passed=[accession])
    end_job(batch.job)
    fold_batch(batch_id=batch.pk, actor="test")
    import_batch(batch_id=batch.pk, actor="test")
    keep_house()
    assert told() == []
    transition(row=batch, to="cancelled", actor="test", kind="closed", closed_at=Now())
    keep_house()
    assert told() == [housekeeping.UNPUBLISHED]


def test_tables_are_made_anew_when_an_analysis_changed(site):
    study = published()
    end(FlowRun.objects.get(deployment="finalise_study_deployment"), "completed")  # which the batch asked for
    assert not keep_results()
    Analysis.objects.filter(study=study).update(updated_at=Now())
    assert keep_results()
    (run,) = asked("finalise_study")
    assert run.study == study
    end(run, "completed")
    assert not keep_results()


def test_what_was_released_long_ago_leaves_the_private_side(site, settings):
    study = published(level=1, owner="Webin-99900001")
    finalise(study)
    EnaStudy.objects.filter(mgnify_study=study).update(visibility=0)
    move(Study.objects.get(pk=study.pk))
    keep_results()
    assert not asked("move_results")
    batches = settings.EMG_CONFIG.batches.model_copy(update={"embargo_grace_days": 0})
    settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={"batches": batches})
    keep_results()
    assert len(asked("move_results")) == 1
