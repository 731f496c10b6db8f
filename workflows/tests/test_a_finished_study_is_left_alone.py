"""Promise 22: run again, a finished study submits nothing and writes nothing, in no table and to no file."""

import pytest
from django.conf import settings
from django.db import connection

from workflows.batches.closing import close_batch, close_cancelled_batches
from workflows.batches.embargo import forget_private_copies, start_moving_results
from workflows.batches.folding import fold_batch
from workflows.batches.housekeeping import keep_house, keep_results
from workflows.batches.importing import import_batch
from workflows.batches.planning import plan_batches
from workflows.batches.publishing import start_publishing
from workflows.batches.starting import start_batch, waits_for_round
from workflows.batches.summaries import start_copying_summaries, summaries_are_served
from workflows.tests.batches_by_hand import (
    accessions,
    end_job,
    finish,
    report,
    site,
    started,
    states,
    study_of,
    write_tree,
)
from workflows.tests.test_summaries_tell_what_may_be_seen import SLUG, finalise

__all__ = ["site"]


@pytest.fixture
def finished(site):
    """One published, one refused by quality control, one failed; summarised."""
    study = study_of(3)
    batch = started(study)
    good, poor, _ = accessions(batch)
    write_tree(batch, good)
    report(batch, passed=[good], failed=[poor])
    end_job(batch.job)
    finish(batch)
    finalise(study)
    assert sorted(states(study).values()) == ["failed", "published", "qc_failed"]
    return study, batch


def every_row():
    with connection.cursor() as cursor:
        digests = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t")
            digests[table] = cursor.fetchone()[0]
    return digests


def every_file():
    root = settings.EMG_CONFIG.slurm.default_workdir.parent
    stats = {path: path.lstat() for path in root.rglob("*")}
    return {path: (stat.st_ino, stat.st_size, stat.st_mtime_ns) for path, stat in stats.items()}


def analyse_again(study):
    """The lines of ``analyse_study`` after its question."""
    close_cancelled_batches(study=study, slug=SLUG, actor="test")
    assert plan_batches(study=study, slug=SLUG, actor="test") == []
    assert summaries_are_served(study=study, slug=SLUG)


def run_again(batch):
    """The lines of ``run_batch``."""
    assert start_batch(batch_id=batch.pk, actor="test") is None or batch.job.is_final
    fold_batch(batch_id=batch.pk, actor="test")
    import_batch(batch_id=batch.pk, actor="test")
    assert start_publishing(batch_id=batch.pk, actor="test") is None
    assert not waits_for_round(batch.pk)
    close_batch(batch_id=batch.pk, actor="test")


def finalise_again(study):
    """The lines of ``finalise_study`` and of ``move_results``."""
    assert start_copying_summaries(study=study, slug=SLUG, actor="test") is None
    forget_private_copies(study=study, actor="test")
    assert start_moving_results(study=study, actor="test") is None


def test_a_finished_study_is_left_alone(finished):
    study, batch = finished
    batch.refresh_from_db()
    rows, files = every_row(), every_file()
    analyse_again(study)
    run_again(batch)
    finalise_again(study)
    assert not keep_house()
    assert not keep_results()
    assert every_row() == rows
    assert every_file() == files
