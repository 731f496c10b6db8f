"""Both embargo moves, killed at every step (spec/pipelines.md §4.13, promise 37)."""

import shutil

import pytest
from django.conf import settings
from django.db.models.functions import Now

from analyses.models import Analysis, AnalysisEvent, Study
from ena.models import Study as EnaStudy
from workflows.batches.embargo import (
    TO_RELEASE,
    TO_WITHDRAW,
    finish_moving_results,
    forget_private_copies,
    start_moving_results,
    studies_to_move,
)
from workflows.batches.places import NotReachable
from workflows.tests.batches_by_hand import do_copy, site
from workflows.tests.cluster import kill_at
from workflows.tests.test_publishing_needs_every_byte import files_below
from workflows.tests.test_summaries_tell_what_may_be_seen import finalise, published

__all__ = ["site"]


@pytest.fixture
def roots(site):
    slurm = settings.EMG_CONFIG.slurm
    return {0: slurm.ftp_results_dir, 1: slurm.private_results_dir}


def study_at(level):
    study = published(level=level, owner="Webin-99900001")
    finalise(study)
    return study


def turn(study, level):
    absent_since = Now() if level == 2 else None
    EnaStudy.objects.filter(mgnify_study=study).update(visibility=level, absent_since=absent_since)


def move(study):
    """What became of it; None where nothing had to be copied."""
    job = start_moving_results(study=study, actor="test")
    if job is None:
        return None
    do_copy(job)
    return finish_moving_results(study=study, job_id=job.pk, actor="test")


def areas():
    return {
        *Analysis.objects.values_list("results_area", flat=True),
        *Study.objects.values_list("results_area", flat=True),
    }


def names(root):
    return sorted(str(path.relative_to(root)) for path in files_below(root))


@pytest.mark.parametrize(("before", "after", "which"), [(1, 0, TO_RELEASE), (0, 1, TO_WITHDRAW), (0, 2, TO_WITHDRAW)])
def test_the_files_are_found_by_state_and_move_whole(roots, before, after, which):
    study = study_at(before)
    old, new = roots[min(before, 1)], roots[min(after, 1)]
    files = names(old)
    assert not studies_to_move(TO_RELEASE | TO_WITHDRAW).exists()
    turn(study, after)
    assert list(studies_to_move(which)) == [study]
    job = start_moving_results(study=study, actor="test")
    do_copy(job)
    assert areas() == {"private" if before else "public"}  # nothing is served from a copy that nobody looked at
    outcome = finish_moving_results(study=study, job_id=job.pk, actor="test")
    assert (len(outcome.moved), outcome.kept_back) == (3, {})
    assert names(new) == files
    assert areas() == {"private" if after else "public"}
    assert not studies_to_move(which).exists()
    assert start_moving_results(study=study, actor="test") is None


def test_what_is_withdrawn_leaves_no_public_file_and_a_listing_says_so(roots):
    study = study_at(0)
    turn(study, 1)
    move(study)
    assert names(roots[0]) == []
    proofs = AnalysisEvent.objects.filter(evidence__has_key="left").values_list("evidence", flat=True)
    assert [(len(proof["removed"]), proof["left"]) for proof in proofs] == [(1, []), (1, [])]


def test_what_is_released_stays_readable_by_its_old_address_for_a_while(roots, settings):
    study = study_at(1)
    turn(study, 0)
    files = names(roots[1])
    move(study)
    forget_private_copies(study=study, actor="test")
    assert names(roots[0]) == names(roots[1]) == files
    batches = settings.EMG_CONFIG.batches.model_copy(update={"embargo_grace_days": 0})
    settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={"batches": batches})
    forget_private_copies(study=study, actor="test")
    assert (names(roots[0]), names(roots[1])) == (files, [])


@pytest.mark.parametrize(("before", "after"), [(1, 0), (0, 1)])
def test_a_level_that_turns_back_meanwhile_leaves_nothing_on_the_other_side(roots, before, after):
    study = study_at(before)
    files = names(roots[before])
    turn(study, after)
    job = start_moving_results(study=study, actor="test")
    do_copy(job)
    turn(study, before)
    assert len(finish_moving_results(study=study, job_id=job.pk, actor="test").kept_back) == 3
    assert (names(roots[before]), names(roots[after])) == (files, [])


@pytest.mark.parametrize(("before", "after"), [(1, 0), (0, 1)])
@pytest.mark.parametrize("failpoint", ["copy_intended", "results_moved"])
def test_killed_and_started_again_it_ends_alike(roots, before, after, failpoint):
    study = study_at(before)
    files = names(roots[before])
    turn(study, after)
    job = None if failpoint == "copy_intended" else start_moving_results(study=study, actor="test")
    if job:
        do_copy(job)
        assert kill_at(failpoint, lambda: finish_moving_results(study=study, job_id=job.pk, actor="test"))
        finish_moving_results(study=study, job_id=job.pk, actor="test")
    else:
        assert kill_at(failpoint, lambda: start_moving_results(study=study, actor="test"))
        move(study)
    assert names(roots[after]) == files
    assert not names(roots[0]) if after else True


def test_a_damaged_copy_moves_nothing_and_says_why(roots):
    study = study_at(1)
    turn(study, 0)
    job = start_moving_results(study=study, actor="test")
    (files_below(roots[1])[0]).write_text("cut")
    do_copy(job)
    outcome = finish_moving_results(study=study, job_id=job.pk, actor="test")
    assert len(outcome.kept_back) == 1
    assert "planned were" in str(outcome.kept_back)
    assert areas() == {"private", "public"}


def test_a_folder_that_is_gone_is_told(roots):
    study = study_at(0)
    turn(study, 1)
    shutil.rmtree(roots[0])
    with pytest.raises(NotReachable, match="results are served from it"):
        start_moving_results(study=study, actor="test")
