"""Two connections, really at once: the second starts while the first holds its change uncommitted."""

import threading
import time

import pytest
from django.db import IntegrityError, connection, connections, transaction

from analyses.models import Run, Sample, SampleStudy, Study
from analyses.tests.factories import make_run, make_sample, make_study

pytestmark = pytest.mark.django_db(transaction=True)


def while_uncommitted(first, second):
    """Run ``first``, then ``second`` elsewhere until it waits for a lock, then commit the first.

    :returns: the exception of the second, or None
    """
    failure = []

    def elsewhere():
        try:
            second()
        except IntegrityError as error:
            failure.append(error)
        finally:
            connections.close_all()

    other = threading.Thread(target=elsewhere)
    with transaction.atomic():
        first()
        other.start()
        wait_for_a_waiter(other)
    other.join(10)
    return failure[0] if failure else None


def wait_for_a_waiter(thread):
    deadline = time.monotonic() + 5
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    while time.monotonic() < deadline and thread.is_alive():
        with connection.cursor() as cursor:
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)


def hide(study):
    Study.objects.filter(pk=study.pk).update(own_visibility=1)


def test_a_flip_against_an_insert():
    study = make_study()
    sample = make_sample(study)
    failure = while_uncommitted(lambda: hide(study), lambda: insert_a_public_run(study, sample))
    assert isinstance(failure, IntegrityError)
    assert not Run.objects.exists()


def insert_a_public_run(study, sample):
    Run.objects.create(
        study=study,
        study_visibility=0,
        sample=sample,
        sample_visibility=0,
        first_accession="ERR999500000",
        ena_accessions=["ERR999500000"],
    )


def test_an_insert_against_a_flip():
    study = make_study()
    assert while_uncommitted(lambda: make_run(study), lambda: hide(study)) is None
    assert Run.objects.get().visibility == 1


def test_two_studies_of_a_sample_hidden_at_once():
    """Without the lock in the fold each sees the other study still public, and the sample stays."""
    first, second = make_study(), make_study()
    sample = make_sample(first, second)
    assert while_uncommitted(lambda: hide(first), lambda: hide(second)) is None
    assert set(SampleStudy.objects.values_list("study_visibility", flat=True)) == {1}
    assert Sample.objects.get(pk=sample.pk).visibility == 1
