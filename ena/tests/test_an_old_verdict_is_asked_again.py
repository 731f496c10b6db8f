import contextlib
from datetime import timedelta

import pytest
from django.db.models import F

from ena.errors import StudyNotAvailable
from ena.models import Study, SyncRun
from ena.services import mirror_study

ACCESSION = "PRJEB99900002"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
pytestmark = pytest.mark.django_db


def wait_after_a_look():
    with contextlib.suppress(StudyNotAvailable):
        mirror_study(accession=ACCESSION, actor="test")
    study = Study.objects.get()
    return study.next_look_at - study.looked_at


def time_passes(**much):
    Study.objects.update(certain_at=F("certain_at") - timedelta(**much))
    SyncRun.objects.update(finished_at=F("finished_at") - timedelta(**much))


def test_a_certain_verdict_is_asked_again_within_a_week(standin):
    assert 6 * DAY < wait_after_a_look() < 7 * DAY
    standin.set_state(ACCESSION, "private")
    assert 6 * DAY < wait_after_a_look() < 7 * DAY


def test_an_unknown_one_in_as_long_as_it_has_been_unknown(standin, fail, configure):
    configure(ena={"max_attempts": 1})
    wait_after_a_look()
    time_passes(days=6)  # of certainty: they count for nothing
    fail("/search", action="status", status=503)
    assert wait_after_a_look() == HOUR
    time_passes(hours=5)
    assert 5 * HOUR <= wait_after_a_look() < 6 * HOUR
    time_passes(days=3)
    assert wait_after_a_look() == DAY


def test_a_strike_is_asked_about_when_it_may_count(standin):
    wait_after_a_look()
    standin.set_state(ACCESSION, "killed")
    assert wait_after_a_look() == DAY
    Study.objects.update(absent_since=F("absent_since") - 23 * HOUR)
    assert 59 * HOUR / 60 < wait_after_a_look() <= HOUR  # a look in between puts nothing off
