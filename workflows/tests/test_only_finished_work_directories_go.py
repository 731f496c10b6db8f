"""The cleaner removes what is ours and over, and nothing else (spec/pipelines.md §4.12, promise 39)."""

import json
import threading
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from workflows.batches.cleaning import PathRefused, discard, list_workdirs
from workflows.batches.places import OWNER_FILE
from workflows.cluster.states import transition
from workflows.flows.clean_old_nextflow_workdirs import clean_old_nextflow_workdirs, page_of
from workflows.models import Batch, ClusterJob, WorkEvent
from workflows.tests.batches_by_hand import site, started, study_of
from workflows.tests.cluster import kill_at
from workflows.tests.test_move_data_copies_and_proves import go_on_passing
from workflows.tests.test_summaries_tell_what_may_be_seen import published

__all__ = ["site"]


def now():
    return timezone.now() + timedelta(seconds=1)


@pytest.fixture
def over(site):
    """A batch that is published and closed, with files in its work directory."""
    batch = Batch.objects.get(study=published())
    task = Path(batch.work_dir) / "ab" / "cdef"
    task.mkdir(parents=True)
    (task / "reads.fastq").write_text("x" * 2048)
    return batch


def listing(**more):
    return list_workdirs(**{"path": None, "closed_before": now()} | more)


def folders():
    return [one.folder for one in listing().candidates]


def test_what_is_over_is_listed_with_its_size_and_study(over):
    (one,) = listing().candidates
    assert (one.batch, str(one.folder)) == (over, over.work_dir)
    assert one.bytes >= 2048
    page = page_of(listing(), 30)
    assert over.work_dir in page
    assert str(over.study) in page


def test_what_is_young_ignored_or_still_needed_stays_with_its_reason(over):
    work = Path(over.work_dir)
    assert "closed" in listing(closed_before=timezone.now() - timedelta(days=1)).kept[work]
    assert listing(ignore=["*/mini_amplicon_*/*"]).kept[work] == "ignored"
    open_one = started(study_of(1))
    assert listing().kept[Path(open_one.work_dir)] == "its batch is open"
    transition(row=open_one, to="cancelled", actor="test", kind="closed", closed_at=timezone.now())
    assert listing().kept[Path(open_one.work_dir)] == "a job of it is not over"
    ClusterJob.objects.filter(pk=open_one.job_id).update(spec={"nextflow": {"work_dir": "elsewhere"}})
    assert "not published yet" in listing().kept[Path(open_one.work_dir)]
    assert folders() == [work]


def test_what_is_not_ours_is_told_and_never_touched(over):
    root = settings.EMG_CONFIG.slurm.default_nextflow_workdir
    work = Path(over.work_dir)
    beside = work.parent
    (beside / "unmarked").mkdir()
    (beside / "foreign").mkdir()
    (beside / "foreign" / OWNER_FILE).write_text(json.dumps({"role": "work", "batch": str(uuid.uuid4())}))
    (beside / "copied").mkdir()
    (beside / "copied" / OWNER_FILE).write_text((work / OWNER_FILE).read_text())
    (beside / "linked").symlink_to(work)
    (root / "a-file").write_text("")
    found = listing()
    assert {path.name for path in found.foreign} == {"unmarked", "foreign", "linked", "a-file"}
    assert "works in" in found.kept[beside / "copied"]
    assert folders() == [work]
    for path in (str(root.parent), "/", str(root / "nowhere")):
        with pytest.raises(PathRefused):
            listing(path=path)


def test_a_batch_opened_again_meanwhile_keeps_its_folder(over):
    (one,) = listing().candidates
    transition(row=over, to="open", actor="test", kind="planned", closed_at=None)
    assert not discard(batch_id=over.pk, folder=one.folder, closed_before=now(), actor="test")
    assert one.folder.is_dir()


def test_killed_between_its_steps_it_goes_on(over):
    (one,) = listing().candidates
    asked = {"batch_id": over.pk, "folder": one.folder, "closed_before": now(), "actor": "test"}
    assert kill_at("workdir_renamed", lambda: discard(**asked))
    found = listing()
    assert not found.candidates
    (trash,) = found.trash
    (trash / OWNER_FILE).unlink()  # half deleted
    assert listing().trash == [trash]


def test_the_flow_deletes_in_a_job_and_follows_no_link(over, tmp_path, settings):
    cluster = settings.EMG_CONFIG.cluster.model_copy(update={"local_max_jobs": 2})
    settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={"cluster": cluster})
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "data").write_text("kept")
    (Path(over.work_dir) / "link").symlink_to(precious)
    ended = threading.Event()
    passes = threading.Thread(target=go_on_passing, args=[ended])
    passes.start()
    try:
        clean_old_nextflow_workdirs.fn(min_age_days=0, skip_confirmation=True)
    finally:
        ended.set()
        passes.join()
    assert not list(Path(over.work_dir).parent.iterdir())
    assert (precious / "data").read_text() == "kept"
    assert WorkEvent.objects.filter(batch=over, kind="workdir_removed").count() == 1
