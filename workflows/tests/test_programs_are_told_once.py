"""Events arrive in the real Prefect once each, whoever dies (``spec/pipelines.md`` §4.14)."""

import time
from collections import Counter

import pytest
import requests
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from workflows.prefect_utils.ask import _find_or_ask

from analyses.models import Study
from analyses.services.study_watchers import watch_study
from analyses.tests.factories import make_study
from emgapiv2.tests.admin_rows import FORM
from ena.models import Study as EnaStudy
from ena.models import Visibility
from workflows.batches.closing import close_batch
from workflows.batches.embargo import finish_moving_results, start_moving_results
from workflows.models import Decision, Notice
from workflows.notices import send_due
from workflows.services.attention import raise_attention
from workflows.services.decisions import answer_decision
from workflows.services.program_events import tell_programs
from workflows.tests.batches_by_hand import (
    accessions,
    do_copy,
    end_job,
    finish,
    report,
    site,
    started,
    study_of,
    write_tree,
)
from workflows.tests.bodies.sleepers import Options
from workflows.tests.cluster import kill_at
from workflows.tests.test_summaries_tell_what_may_be_seen import published

__all__ = ["site"]
pytestmark = pytest.mark.prefect
WRITTEN_SECONDS = 30  # Prefect writes events down every five seconds


@pytest.fixture
def shown(prefect_server):
    """What Prefect shows of a study, or of any resource; waits until that many are there."""

    def look(about, number):
        resource = f"emg.study.{about.accession}" if isinstance(about, Study) else about
        asked = {"filter": {"resource": {"id": [resource]}}, "limit": 50}
        deadline = time.monotonic() + WRITTEN_SECONDS
        found = []
        while time.monotonic() < deadline and len(found) < number:
            time.sleep(0.5)
            found = requests.post(f"{prefect_server}/events/filter", json=asked, timeout=10).json()["events"]
        return found

    return look


def due_again():
    Notice.objects.update(next_try_at=timezone.now(), lease_until=timezone.now())


def states():
    return set(Notice.objects.filter(channel="prefect").values_list("state", flat=True))


def told(study):
    return Counter(Notice.objects.filter(channel="prefect", study=study).values_list("heading", flat=True))


def test_a_finished_study_is_told_with_its_numbers_and_its_watchers(site, shown):
    study = study_of(2)
    watch_study(study=study, user=User.objects.create_user("anna", is_staff=True))
    batch = started(study)
    passed, failed = accessions(batch)
    write_tree(batch, passed)
    report(batch, passed=[passed], failed=[failed])
    end_job(batch.job)
    finish(batch)
    close_batch(batch_id=batch.pk, actor="test")
    send_due()
    events = {event["event"]: event["payload"] for event in shown(study, 2)}
    assert told(study) == dict.fromkeys(events, 1) == {"flow.analysis.finished": 1, "study.published": 1}
    expected = {"pipeline": "mini_amplicon", "successful": 1, "failed": 1, "imported": 1, "total": 2}
    payload = events["flow.analysis.finished"]
    assert {name: payload[name] for name in expected} == expected
    assert (payload["study"], payload["study_watchers"]) == (study.accession, ["anna"])
    assert events["study.published"]["published"] == 1


def test_who_sends_twice_or_dies_between_sending_and_marking_is_heard_once(transactional_db, shown):
    study = make_study()
    tell_programs(event="study.published", key=1, page="workflows/batch/1", study=study)
    assert kill_at("event_sent", send_due)
    assert states() == {"sending"}
    for _ in range(2):  # before Prefect has written it down, so that it is sent again
        due_again()
        assert not send_due()
        assert states() == {"queued"}
    assert len(shown(study, 1)) == 1
    time.sleep(6)  # the others would be written by now
    assert len(shown(study, 1)) == 1
    due_again()
    assert [send_due(), send_due(), states()] == [True, False, {"sent"}]


def test_without_prefect_or_with_a_dead_one_it_waits_and_what_is_rolled_back_is_told_to_nobody(transactional_db, shown):
    from prefect.settings import PREFECT_API_URL, temporary_settings

    study = make_study()
    tell_programs(event="study.published", key=1, page="workflows/batch/1", study=study)
    with transaction.atomic():
        tell_programs(event="study.published", key=2, page="workflows/batch/1", study=study)
        transaction.set_rollback(True)
    for address in ("http://127.0.0.1:9/api", None):
        with temporary_settings({PREFECT_API_URL: address} if address else {}, restore_defaults={PREFECT_API_URL}):
            due_again()
            assert not send_due()
    assert states() == {"queued"}
    due_again()
    send_due()
    assert len(shown(study, 1)) == 1


def test_questions_and_what_needs_a_person_are_told_with_their_change(transactional_db, shown):
    study = make_study()
    wanted = _find_or_ask(Decision(question="options", subject="s", form=FORM), Options, ask_again=False)
    answer_decision(decision_id=wanted.pk, answer={"biome": "root:Engineered"}, actor="staff:anna", via="admin")
    for _ in range(2):
        raise_attention(code="odd_verdict", subject_kind="batch", subject_id="1", text="canary", study=study)
    send_due()
    asked = shown(f"emg.workflows.decision.{wanted.pk}", 2)
    assert sorted(event["event"] for event in asked) == ["decision.answered", "decision.asked"]
    (attention,) = shown(study, 1)
    assert (attention["event"], attention["payload"]["code"]) == ("study.needs_attention", "odd_verdict")
    assert "canary" not in str(attention)


def test_a_release_is_told_when_the_last_file_is_public(site, shown):
    study = published(level=1, owner="Webin-99900001")
    assert told(study)["study.embargo_lifted"] == 0
    EnaStudy.objects.filter(mgnify_study=study).update(visibility=Visibility.PUBLIC)
    job = start_moving_results(study=study, actor="test")
    do_copy(job)
    assert kill_at("results_moved", lambda: finish_moving_results(study=study, job_id=job.pk, actor="test"))
    assert told(study)["study.embargo_lifted"] == 0, "the other analysis is private still"
    for _ in range(2):
        finish_moving_results(study=study, job_id=job.pk, actor="test")
    assert told(study)["study.embargo_lifted"] == 1
    send_due()
    assert "study.embargo_lifted" in {event["event"] for event in shown(study, 3)}
