"""Old job directories go, those of live or unknown jobs never; full disks are told (spec/pipelines.md §4.15)."""

from django.conf import settings as configured

from workflows.batches.disks import remove_old_directories, tidy, watch_disks
from workflows.cluster.job_files import job_directory
from workflows.models import Attention
from workflows.tests.batches_by_hand import end_job, site, started, study_of

__all__ = ["site"]


def with_config(settings, group, **changed):
    tree = getattr(settings.EMG_CONFIG, group).model_copy(update=changed)
    settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={group: tree})


def directory_of(batch):
    token = batch.job.attempts.get().token
    directory = job_directory(token)
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def test_only_directories_of_jobs_that_are_long_over_go(site, settings):
    over, live = started(study_of(1)), started(study_of(1))
    end_job(over.job)
    old, young = directory_of(over), directory_of(live)
    unknown = job_directory("emg-0000aaaabbbbcccc")
    unknown.mkdir(parents=True)
    assert remove_old_directories() == 0
    with_config(settings, "cluster", retention_days=0)
    assert tidy()
    assert (old.exists(), young.exists(), unknown.exists()) == (False, True, True)
    assert not tidy()


def test_a_disk_that_fills_up_is_told_until_there_is_room(site, settings):
    def told():
        return set(Attention.objects.filter(cleared_at=None).values_list("subject_id", flat=True))

    watch_disks()
    assert told() == set()
    with_config(settings, "batches", min_free_gib=10**9)
    watch_disks()
    assert told() >= {"default_workdir", "default_nextflow_workdir", "ftp_results_dir", "private_results_dir"}
    with_config(settings, "batches", min_free_gib=0)
    configured.EMG_CONFIG.slurm.ftp_results_dir.rmdir()
    watch_disks()
    assert told() == {"ftp_results_dir"}
    assert "mounted" in Attention.objects.get(cleared_at=None).text
