"""What is sent, when, and what no channel may be told: the table of ``docs/operations.md``."""

import pytest
from django.db import transaction

from analyses.models import Study
from analyses.tests.factories import make_analysis, make_run, make_study
from emgapiv2.tests.admin_rows import make_batch, make_flow_run, make_head
from ena.tests.conftest import configure
from workflows.models import Attention, BatchMember, Notice
from workflows.notices import send_due
from workflows.services.attention import clear_attention, dismiss_attention, raise_attention
from workflows.services.decisions import answer_decision
from workflows.services.flow_runs import close_flow_run
from workflows.services.notices import tell_of_published
from workflows.tests.slack import desk, slack_block_type

__all__ = ["configure", "desk", "slack_block_type"]
pytestmark = [pytest.mark.prefect, pytest.mark.django_db]


def needs_a_person(study=None, code="odd_verdict", subject="1"):
    raise_attention(code=code, subject_kind="batch", subject_id=subject, text="canary: ERR7 /work/canary", study=study)


def fail(study):
    run = make_flow_run(study, state="running")
    with transaction.atomic():
        close_flow_run(run=run, to="failed", actor="test", error="canary: the disk is full")
    return run


def test_an_attention_is_told_when_it_opens_and_when_it_is_over(desk):
    for _ in range(2):
        needs_a_person()
        send_due()
    for _ in range(2):
        clear_attention(subject_kind="batch", subject_id="1")
        send_due()
    opened, over = desk.said
    assert "Needs a person: odd verdict" in opened
    assert f"/admin/workflows/attention/{Attention.objects.get().pk}/change/" in opened
    assert "Recovered: odd verdict" in over


def test_what_is_over_before_it_was_told_is_not_told(desk):
    needs_a_person()
    clear_attention(subject_kind="batch", subject_id="1")
    assert not send_due()
    assert not Notice.objects.exists()


def test_a_dismissal_tells_who_and_why(desk, configure):
    configure(notify={"channel_is_private": True})
    needs_a_person()
    send_due()
    dismiss_attention(attention=Attention.objects.get(), actor="staff:anna", because="seen to")
    send_due()
    assert "staff:anna: seen to" in desk.said[1]


def test_a_failed_flow_is_told_with_its_reason_and_page(desk, configure):
    configure(notify={"channel_is_private": True})
    study = make_study()
    run = fail(study)
    send_due()
    (said,) = desk.said
    assert "Failed: analyse_study_deployment" in said
    assert "the disk is full" in said
    assert f"/admin/workflows/flowrun/{run.pk}/change/" in said


def test_what_happens_to_a_study_together_is_one_message(desk, configure):
    configure(notify={"digest_seconds": 300})
    studies = [make_study(), make_study()]
    for study in studies:
        fail(study)
        for number in range(25):
            needs_a_person(study, subject=f"{study.pk}-{number}")
    assert not send_due(), "five minutes are not over"
    Notice.objects.filter(kind="failure").update(next_try_at="2020-01-01")
    assert not send_due(), "nobody could be told for a day: it is no news any more"
    configure(notify={"digest_seconds": 0})
    for study in studies:
        fail(study)
    send_due()
    assert [text.splitlines()[0] for text in desk.said] == [f"*{study}: {study.title}*" for study in studies]
    assert all("and 7 more" in text for text in desk.said)
    assert set(Notice.objects.filter(channel="team").values_list("state", flat=True)) == {"sent"}


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("is_private_channel", [False, True])
def test_no_private_word_reaches_a_channel_that_is_not_marked_private(desk, configure, level, is_private_channel):
    configure(notify={"channel_is_private": is_private_channel})
    study = make_study(title="canary of a title")
    batch = make_batch(study)
    analysis = make_analysis(make_run(study), state="published")
    BatchMember.objects.create(batch=batch, slug=batch.slug, run_id=analysis.run_id, analysis=analysis)
    fail(study)
    needs_a_person(study)
    raise_attention(code="held_long", subject_kind="job", subject_id=make_head(study).pk, text="canary of a job")
    for _ in range(2):
        tell_of_published(study=study, slug=batch.slug, closed=1)
    Study.objects.filter(pk=study.pk).update(visibility=level, own_visibility=level)  # after it happened
    send_due()
    (said,) = desk.said
    assert "1 analyses of mini_amplicon are published" in said
    assert (study.accession in said) == (is_private_channel or level == 0)
    assert ("canary of a title" in said) == (is_private_channel or level == 0)
    assert ("canary of a job" in said) == ("ERR7 /work/canary" in said) == is_private_channel
    assert said.count("Needs a person") == 2


def test_a_question_answered_at_once_is_nobodys_business(desk):
    from emgapiv2.tests.admin_rows import make_question
    from workflows.services.notices import tell_of_question

    asked, answered = make_question(), make_question()
    for decision in (asked, answered):
        tell_of_question(decision=decision)
    answer_decision(decision_id=answered.pk, answer={"biome": "root:Engineered"}, actor="staff:anna", via="admin")
    send_due()
    (said,) = desk.said
    assert "a question waits: analysis_settings" in said
    assert str(asked.pk) in said
