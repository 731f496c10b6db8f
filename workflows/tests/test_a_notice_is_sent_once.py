"""One message an event, whoever dies; an outage loses nothing."""

import threading
from contextvars import copy_context

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone
from pydantic import SecretStr

from analyses.models import AnalysisRequest
from analyses.services.study_watchers import watch_study
from analyses.tests.factories import make_study
from emgapiv2.tests.callers import OWNER, request_of
from ena.tests.conftest import configure
from workflows.models import Notice
from workflows.notices import send_due
from workflows.services.notices import queue_notice
from workflows.tests.slack import desk, slack_block_type

__all__ = ["configure", "desk", "slack_block_type"]
pytestmark = pytest.mark.prefect
K = Notice.Kind


def tell(key, *, kind=K.SUCCESS, study=None, **more):
    queue_notice(key=key, kind=kind, heading=f"heading of {key}", page="workflows/duty/x", study=study, **more)


def due_again():
    Notice.objects.update(next_try_at=timezone.now())


@pytest.mark.django_db
def test_an_event_is_told_once_and_what_is_rolled_back_never(desk, configure):
    study = make_study(title="Soil <!channel>")
    for name in ("anna", "gone"):
        watch_study(study=study, user=User.objects.create_user(name, is_staff=name != "gone"))
    configure(notify={"slack_ids": {"anna": "U01", "gone": "U02", "bert": "U03"}})
    for _ in range(2):
        tell("published:1", study=study, asked_by="staff:bert")
    with transaction.atomic():
        tell("published:2")
        transaction.set_rollback(True)
    assert [send_due(), send_due()] == [True, False]
    (said,) = desk.said
    assert said.splitlines()[0] == f"*{study}: Soil &lt;!channel&gt;*", "nobody's title calls everybody"
    assert said.splitlines()[-1] == "<@U01> <@U03>", "who watches, and who asked"


@pytest.mark.django_db
def test_a_request_becomes_one_ticket_and_an_outage_changes_nothing(desk):
    asked = request_of(OWNER)
    desk.status = 503
    assert not send_due()
    desk.status = 200
    due_again()
    assert [send_due(), send_due()] == [True, False]
    (path, token, ticket), _ = desk.got[1], desk.got.pop()
    assert (path, token, ticket["Queue"]) == ("/ticket", "token t", "metagenomics")
    assert OWNER in ticket["Subject"]
    assert str(asked.pk) in ticket["Content"]
    assert AnalysisRequest.objects.get().ticket_sent_at is not None


@pytest.mark.django_db
def test_what_may_have_arrived_is_sent_again_only_where_it_needs_a_person(desk):
    tell("a")
    tell("urgent", kind=K.NEEDS_ATTENTION)
    desk.status = None
    send_due()
    tell("b")
    Notice.objects.filter(key="b").update(state="sending", lease_until=timezone.now())  # its sender died
    desk.status = 503
    due_again()
    send_due()
    desk.status = 200
    due_again()
    send_due()
    states = dict(Notice.objects.values_list("key", "state"))
    assert states == {"a": "uncertain", "b": "uncertain", "urgent": "sent"}
    assert [text.count("(repeat)") for text in desk.said] == [0, 0, 1, 1]
    assert "hook" not in Notice.objects.get(key="a").error


@pytest.mark.django_db
def test_no_block_nobody_listening_or_no_prefect_loses_nothing(desk, configure):
    from prefect.settings import PREFECT_API_URL, temporary_settings
    from prefect_slack import SlackWebhook

    SlackWebhook(url=SecretStr("http://127.0.0.1:9/hook-of-ours")).save("deaf", overwrite=True)
    tell("a")
    configure(notify={"webhook_block": "deaf"})
    send_due()
    configure(notify={"webhook_block": "of-no-such-name"})
    due_again()
    send_due()
    configure(notify={"webhook_block": "desk"})
    for address in ("http://127.0.0.1:9/api", None):
        with temporary_settings({PREFECT_API_URL: address} if address else {}, restore_defaults={PREFECT_API_URL}):
            send_due()
    notice = Notice.objects.get()
    assert (notice.state, notice.tries, "hook" in notice.error, desk.got) == ("queued", 1, False, [])
    assert send_due()


@pytest.mark.django_db(transaction=True)
def test_two_services_at_once_send_it_once(desk):
    for number in range(5):
        tell(str(number))

    def serve():
        send_due()
        connection.close()

    threads = [threading.Thread(target=copy_context().run, args=[serve]) for _ in range(3)]  # Prefect's address too
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(text.split("heading of ")[1][0] for text in desk.said) == list("01234")
