"""move-data is one COPY job: a tree arrives whole, or the flow fails."""

import threading
from datetime import timedelta

import pytest
from django.db import connections

from workflows.prefect_utils.job_results import ClusterJobFailedException
from workflows.prefect_utils.slurm_flow import move_data, start_cluster_job

from workflows.cluster.copying import PathRefused
from workflows.cluster.reconciler import run_pass
from workflows.models import ClusterJob
from workflows.tests.conftest import make_cluster
from workflows.tests.flows_by_hand import woken_with


@pytest.fixture
def roots(settings, tmp_path, transactional_db):
    """Source and target under configured roots, and passes going on beside the flow."""
    cluster = make_cluster("local", settings, tmp_path)
    slurm = settings.EMG_CONFIG.slurm.model_copy(
        update={"default_workdir": tmp_path / "work", "ftp_results_dir": tmp_path / "public"}
    )
    settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={"slurm": slurm})
    (tmp_path / "work" / "tree" / "deep").mkdir(parents=True)
    (tmp_path / "public").mkdir()
    over = threading.Event()
    passes = threading.Thread(target=go_on_passing, args=[over])
    passes.start()
    yield tmp_path / "work" / "tree", tmp_path / "public" / "tree"
    over.set()
    passes.join()
    cluster.close()


def go_on_passing(over):
    while not over.wait(0.3):
        run_pass()
    connections.close_all()


def test_a_tree_is_copied_then_moved(roots):
    source, target = roots
    (source / "a.txt").write_text("a")
    (source / "deep" / "b.txt").write_text("bb")
    (source / "deep" / "b.tmp").write_text("not this one")
    report = move_data.fn(str(source), f"{target}/", exclude=["*.tmp"])
    assert (report.files, report.bytes, report.skipped) == (2, 3, 0)
    assert (target / "deep" / "b.txt").read_text() == "bb"
    assert not (target / "deep" / "b.tmp").exists()

    again = move_data.fn(str(source), str(target), "mv", exclude=["*.tmp"])
    assert (again.files, again.skipped, again.sha256) == (2, 2, report.sha256)
    assert [path.name for path in source.rglob("*.*")] == ["b.tmp"]
    assert ClusterJob.objects.filter(kind="COPY", state="SUCCEEDED").count() == 2


def test_a_body_that_wakes_after_the_move_reports_it(roots):
    source, target = roots
    (source / "a.txt").write_text("a")
    report = move_data.fn(str(source), str(target), "mv")
    with woken_with(ClusterJob.objects.get(), "move"):
        assert move_data.fn(str(source), str(target), "mv") == report


def test_a_job_may_change_or_remove_its_own_input(roots):
    work = roots[0].parent
    asked = {"command": ["true"], "expected_time": timedelta(minutes=1), "memory": 64, "working_dir": work}
    job = start_cluster_job(name="a job", **asked)
    with woken_with(job, f"{job.logical_key}#1"):  # the call's name, whatever its inputs hold
        assert start_cluster_job(name="a job", **asked, input_files_to_hash=[work / "gone.txt"]) == job


def test_a_link_out_of_the_tree_is_refused(roots):
    source, target = roots
    (source.parent / "private.txt").write_text("not to be seen")
    (source / "a.txt").symlink_to(source.parent / "private.txt")
    with pytest.raises(PathRefused, match=r"a\.txt leads out"):
        move_data.fn(str(source), str(target))


def test_a_copy_that_cannot_be_made_fails_the_flow(roots):
    source, target = roots
    (source / "a.txt").write_text("a")
    target.parent.rmdir()
    target.parent.write_text("a file where the folder should be")
    with pytest.raises(ClusterJobFailedException, match=r"tree\.incoming"):
        move_data.fn(str(source), str(target))


@pytest.mark.parametrize("target", ["/etc/tree", "{source}/inside"])
def test_ends_outside_the_roots_are_refused(roots, target):
    source, _ = roots
    with pytest.raises(PathRefused):
        move_data.fn(str(source), target.format(source=source))
    assert ClusterJob.objects.count() == 0
