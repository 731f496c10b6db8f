"""Promise 27: an import that breaks half-way leaves nothing, and the analysis can be imported."""

from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection

from analyses.models import Analysis, AnnotationSet, Download
from workflows.batches.folding import fold_batch
from workflows.batches.importing import import_batch
from workflows.batches.starting import start_batch
from workflows.models import Batch
from workflows.tests.batches_by_hand import (
    accessions,
    end_job,
    finish,
    plan,
    report,
    site,
    started,
    states,
    study_of,
    write_tree,
)

__all__ = ["site"]
REFUSAL = "RAISE SQLSTATE '22000' USING MESSAGE = 'half-way'"
LOSS = "PERFORM pg_terminate_backend(pg_backend_pid())"


@contextmanager
def breaking(how):
    """Postgres itself breaks off when the first download is written, after the annotations were."""
    with connection.cursor() as cursor:
        cursor.execute(f"""
            CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {how}; RETURN NEW; END $$;
            CREATE TRIGGER break_off BEFORE INSERT ON analyses_download EXECUTE FUNCTION break_off()
        """)
    try:
        yield
    finally:
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION break_off() CASCADE")


def ended(study):
    """A batch whose members are all completed and not imported yet."""
    batch = started(study)
    for accession in accessions(batch):
        write_tree(batch, accession)
    report(batch, passed=accessions(batch))
    end_job(batch.job)
    fold_batch(batch_id=batch.pk, actor="test")
    return batch


def nothing_is_imported():
    quality = Analysis.objects.exclude(quality_control={})
    return not (AnnotationSet.objects.exists() or Download.objects.exists() or quality.exists())


def assert_imported_whole(study):
    assert set(states(study).values()) == {"published"}
    for analysis in Analysis.objects.all():
        assert [len(held.records) for held in analysis.annotation_sets.all()] == [2]
        assert analysis.downloads.count() == 3
        assert analysis.quality_control


def test_what_the_database_refused_is_planned_again_when_asked_for(site):
    study = study_of(2)
    batch = ended(study)
    with breaking(REFUSAL):
        import_batch(batch_id=batch.pk, actor="test")
    assert set(states(study).values()) == {"check_failed"}
    assert [member.reason_code for member in batch.members.all()] == ["import_error"] * 2
    assert nothing_is_imported()
    finish(batch)
    again = plan(study, retry_failed=True)
    start_batch(batch_id=again.pk, actor="test")
    report(again, passed=accessions(again))
    end_job(Batch.objects.get(pk=again.pk).job)
    finish(again)
    assert_imported_whole(study)


def test_a_connection_that_is_lost_half_way_only_makes_it_wait(site):
    study = study_of(1)
    batch = ended(study)
    with breaking(LOSS), pytest.raises(OperationalError):
        import_batch(batch_id=batch.pk, actor="test")
    assert set(states(study).values()) == {"completed"}
    assert nothing_is_imported()
    finish(batch)
    assert_imported_whole(study)
