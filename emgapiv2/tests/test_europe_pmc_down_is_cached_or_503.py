"""What Europe PMC says is kept for a week, and outlives its silence."""

import json
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db.models import F

from analyses.models import PublicationAnnotations
from analyses.tests.factories import make_publication, make_study
from emgapiv2.tests.operations import PREFIX

pytestmark = pytest.mark.django_db


class EuropePmc(ThreadingHTTPServer):
    """Answers with what it is told to; ``asked`` keeps the questions."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked, self.status, self.body, self.seconds = [], 200, b"[]", 0


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        time.sleep(self.server.seconds)
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_arguments):
        """Quiet."""


@pytest.fixture
def europe_pmc(configure):
    server = EuropePmc()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/annotations"
    configure(europe_pmc={"annotations_endpoint": url, "connect_seconds": 0.5, "read_seconds": 0.3})
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def url(db):
    return f"{PREFIX}/publications/{make_publication(make_study()).pk}/annotations"


def mentions(*said):
    tags = [{"name": "name", "uri": "http://x"}]
    annotations = [{"type": kind, "exact": text, "section": "Methods", "tags": tags} for kind, text in said]
    return json.dumps([{"source": "MED", "annotations": annotations}]).encode()


def grow_old(days=8):
    PublicationAnnotations.objects.update(
        fetched_at=F("fetched_at") - timedelta(days=days), tried_at=F("tried_at") - timedelta(days=days)
    )


def texts(groups):
    return {group["annotation_type"]: [one["annotation_text"] for one in group["annotations"]] for group in groups}


def test_mentions_are_grouped_by_type_and_then_by_text_in_any_case(client, europe_pmc, url):
    europe_pmc.body = mentions(
        ("Host", "Soil"), ("Host", "gut"), ("LS", "amplicon"), ("Host", "soil"), ("Odd-Type", "x"), ("Host", "Soil")
    )
    body = client.get(url).json()
    assert texts(body["sample_processing"]) == {"LS": ["amplicon"]}
    assert texts(body["other"]) == {"Host": ["Soil", "gut"], "Odd-Type": ["x"]}
    assert [one["exact"] for one in body["other"][0]["annotations"][0]["mentions"]] == ["Soil", "soil", "Soil"]
    assert "articleIds=MED%3A" in europe_pmc.asked[0]
    assert "provider=Metagenomics" in europe_pmc.asked[0]


def test_a_copy_of_this_week_is_not_asked_for_again(client, europe_pmc, url):
    europe_pmc.body = mentions(("Host", "gut"))
    assert client.get(url).json() == client.get(url).json()
    assert len(europe_pmc.asked) == 1
    grow_old()
    europe_pmc.body = mentions(("Host", "soil"))
    assert texts(client.get(url).json()["other"]) == {"Host": ["soil"]}


def test_nothing_found_is_two_empty_lists(client, europe_pmc, url):
    assert client.get(url).json() == {"sample_processing": [], "other": []}


@pytest.mark.parametrize(
    "trouble", [{"status": 500}, {"body": b"<html>"}, {"body": b'{"a": 1}'}, {"seconds": 1}, {"status": 404}]
)
def test_silence_gives_the_old_copy_or_503(client, europe_pmc, url, trouble):
    vars(europe_pmc).update(trouble)
    answers = [client.get(url) for _ in range(2)]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "upstream", "30")
        assert "127.0.0.1" not in answer.content.decode()
    assert len(europe_pmc.asked) == 1, "who was silent a moment ago is left alone"
    vars(europe_pmc).update(status=200, body=mentions(("Host", "gut")), seconds=0)
    PublicationAnnotations.objects.update(tried_at=F("tried_at") - timedelta(minutes=1))
    told = client.get(url).json()
    assert texts(told["other"]) == {"Host": ["gut"]}
    grow_old()
    vars(europe_pmc).update(trouble)
    assert [client.get(url).json() for _ in range(3)] == [told] * 3
    assert len(europe_pmc.asked) == 3, "one of them asks, the others take the old copy"


def test_a_hidden_paper_is_not_asked_about(client, europe_pmc):
    hidden = make_publication(make_study(level=1))
    assert client.get(f"{PREFIX}/publications/{hidden.pk}/annotations").status_code == 404
    assert europe_pmc.asked == []
