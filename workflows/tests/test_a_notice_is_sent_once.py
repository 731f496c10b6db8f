"""One message an event: to a real HTTP server that stands for Slack and for the help desk."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone
from pydantic import SecretStr

from analyses.models import AnalysisRequest
from analyses.services.study_watchers import watch_study
from analyses.tests.factories import make_analysis, make_run, make_study
from emgapiv2.tests.admin_rows import make_batch
from emgapiv2.tests.callers import OWNER, request_of
from ena.tests.conftest import configure
from workflows.models import BatchMember, Notice
from workflows.notices import send_due
from workflows.services.notices import queue_notice, tell_of_published

__all__ = ["configure"]
TEAM = Notice.Channel.TEAM


class Desk(ThreadingHTTPServer):
    """Keeps what it is sent; ``status`` is what it answers, None: it hangs up without an answer."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.got, self.status = [], 200


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.got.append((self.path, self.headers.get("Authorization"), body))
        if self.server.status is None:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments):
        """Quiet."""


@pytest.fixture
def desk(configure):
    server = Desk()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    desks = {"help_desk_url": f"{url}/ticket", "help_desk_token": SecretStr("t")}
    configure(notify={"team_webhook": SecretStr(f"{url}/hook-of-ours")} | desks)
    yield server
    server.shutdown()
    server.server_close()


def due_again():
    Notice.objects.update(next_try_at=timezone.now())


@pytest.mark.django_db
def test_an_event_is_told_once_and_what_is_rolled_back_never(desk):
    study = make_study()
    users = [User.objects.create_user(name, is_staff=name != "gone") for name in ("anna", "gone")]
    for user in users:
        watch_study(study=study, user=user)
    for _ in range(2):
        queue_notice(key="published:1", channel=TEAM, text="It is published", study=study)
    with transaction.atomic():
        queue_notice(key="published:2", channel=TEAM, text="never")
        transaction.set_rollback(True)
    assert [send_due(), send_due()] == [True, False]
    assert desk.got == [("/hook-of-ours", None, {"text": "It is published @anna"})]


@pytest.mark.django_db
@pytest.mark.parametrize("level", [0, 1])
def test_watchers_hear_what_is_published_and_no_private_word(level):
    study = make_study(level=level, title="canary")
    batch = make_batch(study)
    tell_of_published(study=study, slug=batch.slug, closed=1)
    assert not Notice.objects.exists(), "nothing came out"
    analysis = make_analysis(make_run(study), state="published")
    BatchMember.objects.create(batch=batch, slug=batch.slug, run_id=analysis.run_id, analysis=analysis)
    for _ in range(2):
        tell_of_published(study=study, slug=batch.slug, closed=1)
    text = Notice.objects.get().text
    assert "1 analyses of mini_amplicon are published" in text
    assert ("canary" in text, study.accession in text) == (level == 0, level == 0)


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
def test_what_may_have_arrived_is_not_sent_again(desk):
    queue_notice(key="a", channel=TEAM, text="a")
    desk.status = None
    send_due()
    queue_notice(key="b", channel=TEAM, text="b")
    Notice.objects.filter(key="b").update(state="sending", lease_until=timezone.now())  # its sender died
    desk.status = 200
    due_again()
    send_due()
    assert dict(Notice.objects.values_list("key", "state")) == {"a": "uncertain", "b": "uncertain"}
    assert len(desk.got) == 1
    assert "hook" not in Notice.objects.get(key="a").error


@pytest.mark.django_db
def test_nobody_listening_or_no_address_loses_nothing(desk, configure):
    queue_notice(key="a", channel=TEAM, text="a")
    configure(notify={"team_webhook": SecretStr("http://127.0.0.1:9/hook-of-ours")})
    send_due()
    configure(notify={"team_webhook": None})
    due_again()
    send_due()
    notice = Notice.objects.get()
    assert (notice.state, notice.tries, "hook" in notice.error) == ("queued", 1, False)


@pytest.mark.django_db(transaction=True)
def test_two_services_at_once_send_it_once(desk):
    for number in range(5):
        queue_notice(key=str(number), channel=TEAM, text=str(number))

    def serve():
        send_due()
        connection.close()

    threads = [threading.Thread(target=serve) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(body["text"] for _, _, body in desk.got) == list("01234")
