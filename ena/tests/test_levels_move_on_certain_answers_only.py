import time
from datetime import timedelta

import pytest
from django.db.models import F

from ena.accessions import parse_accession
from ena.availability import record_availability
from ena.errors import StudyNotAvailable
from ena.looks import find_public_studies, look_at_study
from ena.models import Accession, Study, SyncRun, VisibilityEvent
from ena.services import mirror_study

ACCESSION = "PRJEB99900002"
pytestmark = pytest.mark.django_db


def look():
    """The study afterwards, and what its last look says."""
    try:
        return mirror_study(accession=ACCESSION, actor="test")
    except StudyNotAvailable:
        return Study.objects.get()


def levels():
    return list(VisibilityEvent.objects.order_by("id").values_list("from_level", "to_level", "cause"))


@pytest.fixture
def public_study(standin):
    study = look()
    assert (study.visibility, levels()) == (0, [(1, 0, "ena_public")])
    return study


def test_a_study_gone_private_is_hidden_at_once(standin, public_study):
    standin.set_state(ACCESSION, "private")
    assert look().visibility == 1
    assert levels()[-1] == (0, 1, "ena_private")
    standin.set_state(ACCESSION, "public")
    assert look().visibility == 0


def test_a_slow_look_never_opens_what_a_quicker_one_has_hidden(standin, public_study):
    slow = look_at_study(parse_accession(ACCESSION))
    assert slow.verdict == "public"
    standin.set_state(ACCESSION, "private")
    look()
    assert record_availability(look=slow, actor="test", report={}).visibility == 1
    assert (SyncRun.objects.last().verdict, len(levels())) == ("unknown", 2)


def test_a_look_at_many_is_as_old_as_its_question(standin, public_study):
    standin.set_faults([{"match": {"path": "/search"}, "action": "hang", "hang_seconds": 0.3, "times": 1}])
    before = time.monotonic()
    (look_at_it,) = find_public_studies([ACCESSION]).values()
    assert look_at_it.started - before < 0.2


def test_a_release_at_the_end_of_time_is_a_day_like_any_other(standin, public_study):
    standin.server.dataset.find(ACCESSION)[1]["first_public"] = "9999-12-31"
    assert look().next_look_at > public_study.looked_at


def test_a_slow_look_may_hide(standin, public_study):
    standin.set_state(ACCESSION, "private")
    slow = look_at_study(parse_accession(ACCESSION))
    standin.set_state(ACCESSION, "public")
    look()
    assert record_availability(look=slow, actor="test", report={}).visibility == 1


def test_one_absence_is_not_suppression_and_two_a_day_apart_are(standin, public_study):
    standin.set_state(ACCESSION, "killed")
    look()
    assert SyncRun.objects.last().verdict == "absent"
    study = look()
    assert (study.visibility, len(levels())) == (0, 1)
    assert study.absent_since is not None
    Study.objects.update(absent_since=F("absent_since") - timedelta(hours=25))
    assert look().visibility == 2
    assert levels()[-1] == (0, 2, "ena_absent")


def test_a_browser_that_knows_no_record_at_all_proves_no_absence(standin, configure, public_study):
    standin.set_state(ACCESSION, "killed")
    standin.set_faults([{"match": {"path_contains": "/xml/"}, "times": None, "action": "status", "status": 404}])
    assert look().absent_since is None
    assert SyncRun.objects.last().verdict == "unknown"


@pytest.mark.parametrize("word", ["suppressed", "temporarily suppressed"])
def test_positive_evidence_needs_an_hour_only(standin, public_study, word):
    standin.set_state(ACCESSION, "suppressed")
    xml = f"<TAG>ENA-STATUS</TAG>\n<VALUE>{word}</VALUE>"
    standin.set_faults(
        [{"match": {"path": f"/xml/{ACCESSION}"}, "times": None, "action": "status", "status": 200, "body": xml}]
    )
    assert look().visibility == 0
    Study.objects.update(absent_since=F("absent_since") - timedelta(minutes=61))
    assert (look().visibility, levels()[-1]) == (2, (0, 2, "ena_suppressed"))


def test_a_public_answer_lifts_a_strike(standin, public_study):
    standin.set_state(ACCESSION, "killed")
    look()
    standin.set_state(ACCESSION, "public")
    assert look().absent_since is None


def test_what_became_of_the_record_is_kept_with_the_look(standin, public_study):
    other = Study.objects.create(accession="ERP999002")
    Accession.objects.filter(accession="ERP999002").update(study=other, is_primary=True)
    look()
    (conflict,) = SyncRun.objects.last().report["mirror"]["conflicts"]
    assert sorted(conflict["rows"]) == sorted([public_study.pk, other.pk])


@pytest.mark.parametrize(
    "action", [{"action": "status", "status": 503}, {"action": "empty", "status": 204}, {"action": "reset"}]
)
def test_an_outage_hides_nothing(fail, configure, public_study, action):
    configure(ena={"max_attempts": 1})
    record = (public_study.visibility, public_study.title, public_study.metadata, public_study.absent_since)
    fail("/search", **action)
    with pytest.raises(StudyNotAvailable, match="Nothing was changed; try again") as refused:
        mirror_study(accession=ACCESSION, actor="test")
    after = Study.objects.get()
    assert (after.visibility, after.title, after.metadata, after.absent_since) == record
    assert (refused.value.verdict, SyncRun.objects.last().verdict) == ("unknown", "unknown")


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
    assert mirror_study(accession="PRJEB99900008", actor="test").visibility == 0
