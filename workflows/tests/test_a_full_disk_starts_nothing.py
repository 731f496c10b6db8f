"""A disk without room stops a batch before anything is written of it, and with room again it starts."""

import resource
from contextlib import contextmanager

import pytest

from workflows.batches.places import DiskTooFull, places_of
from workflows.batches.starting import start_batch
from workflows.models import ClusterJob
from workflows.tests.batches_by_hand import plan, site, sites, states, study_of

__all__ = ["site"]


@contextmanager
def files_of_at_most(size):
    """What a full disk does to a writer, without a disk: the kernel refuses the rest of a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def assert_nothing_began(study):
    assert not ClusterJob.objects.exists()
    assert set(states(study).values()) == {"planned"}


def assert_it_starts_now(batch, study):
    assert start_batch(batch_id=batch.pk, actor="test") == ClusterJob.objects.get()
    assert set(states(study).values()) == {"running"}
    base = places_of(batch).base
    assert not [path for path in base.rglob("*") if path.name.endswith(".part")]
    assert places_of(batch).sheet(1).read_text().count("\n") == 1 + 2


def test_too_little_room_is_told_with_its_numbers_and_leaves_no_folder(site, settings, tmp_path):
    study = study_of(2)
    batch = plan(study)
    sites(settings, tmp_path, min_free_gib=1_000_000)
    with pytest.raises(DiskTooFull, match=r"GiB free, needed are 1e\+06 \(EMG_BATCHES__MIN_FREE_GIB\)"):
        start_batch(batch_id=batch.pk, actor="test")
    assert_nothing_began(study)
    assert not places_of(batch).base.exists()
    sites(settings, tmp_path)
    assert_it_starts_now(batch, study)


@pytest.mark.parametrize("size", [0, 100, 5000])
def test_a_disk_that_gets_full_while_we_write(site, size):
    study = study_of(2)
    batch = plan(study)
    with files_of_at_most(size), pytest.raises(OSError, match="File too large"):
        start_batch(batch_id=batch.pk, actor="test")
    assert_nothing_began(study)
    assert_it_starts_now(batch, study)
