from datetime import timedelta

import pytest
from django.db.models import F

from ena.errors import StudyNotAvailable
from ena.models import Study, SyncRun, VisibilityEvent
from ena.services import mirror_study

ACCESSION = "PRJEB99900002"
pytestmark = pytest.mark.django_db


def look():
    return mirror_study(accession=ACCESSION, actor="test")


def levels():
    return list(VisibilityEvent.objects.order_by("id").values_list("from_level", "to_level", "cause"))


@pytest.fixture
def public_study(standin):
    study = look().study
    assert (study.visibility, levels()) == (0, [(1, 0, "ena_public")])
    return study


def test_a_study_gone_private_is_hidden_at_once(standin, public_study):
    standin.set_state(ACCESSION, "private")
    assert look().study.visibility == 1
    assert levels()[-1] == (0, 1, "ena_private")
    standin.set_state(ACCESSION, "public")
    assert look().study.visibility == 0


def test_one_absence_is_not_suppression_and_two_a_day_apart_are(standin, public_study):
    standin.set_state(ACCESSION, "killed")
    assert look().verdict == "absent"
    study = look().study
    assert (study.visibility, len(levels())) == (0, 1)
    assert study.absent_since is not None
    Study.objects.update(absent_since=F("absent_since") - timedelta(hours=25))
    assert look().study.visibility == 2
    assert levels()[-1] == (0, 2, "ena_absent")


def test_positive_evidence_needs_an_hour_only(standin, public_study):
    standin.set_state(ACCESSION, "suppressed")
    assert look().study.visibility == 0
    Study.objects.update(absent_since=F("absent_since") - timedelta(minutes=61))
    assert (look().study.visibility, levels()[-1]) == (2, (0, 2, "ena_suppressed"))


def test_a_public_answer_lifts_a_strike(standin, public_study):
    standin.set_state(ACCESSION, "killed")
    look()
    standin.set_state(ACCESSION, "public")
    assert look().study.absent_since is None


@pytest.mark.parametrize(
    "action", [{"action": "status", "status": 503}, {"action": "empty", "status": 204}, {"action": "reset"}]
)
def test_an_outage_hides_nothing(fail, configure, public_study, action):
    configure(ena={"max_attempts": 1})
    record = (public_study.visibility, public_study.title, public_study.metadata, public_study.absent_since)
    fail("/search", **action)
    report = look()
    after = report.study
    assert (after.visibility, after.title, after.metadata, after.absent_since) == record
    assert (report.verdict, SyncRun.objects.last().verdict) == ("unknown", "unknown")
    assert "Nothing was changed; try again" in report.problem


def test_a_study_never_seen_is_not_made_from_nothing(standin, fail, configure):
    with pytest.raises(StudyNotAvailable, match=r"ENA does not know PRJEB1: .*Check the accession") as refused:
        mirror_study(accession="PRJEB1", actor="test")
    assert refused.value.verdict == "absent"
    configure(ena={"max_attempts": 1})
    fail("/search", action="status", status=500)
    with pytest.raises(StudyNotAvailable, match="ENA did not answer when asked for PRJEB1") as refused:
        mirror_study(accession="PRJEB1", actor="test")
    assert refused.value.verdict == "unknown"
    assert not Study.objects.exists()


def test_a_study_known_by_its_runs_only_is_public(standin):
    assert mirror_study(accession="PRJEB99900008", actor="test").study.visibility == 0
