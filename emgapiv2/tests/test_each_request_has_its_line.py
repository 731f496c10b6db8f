import logging

import pytest

from analyses.tests.factories import make_study
from emgapiv2.tests.callers import OWNER
from emgapiv2.tests.operations import PREFIX

pytestmark = pytest.mark.django_db


@pytest.fixture
def line_of(caplog):
    """``line_of(client.get, url)``: what is logged of that request, as a dictionary."""
    caplog.set_level(logging.INFO)

    def call(method, url, *body, **sent):
        caplog.clear()
        answer = method(url, *body, **sent)
        (record,) = [one for one in caplog.records if one.name == "emgapiv2.api.request_log"]
        line = dict(pair.split("=") for pair in record.getMessage().split(" "))
        assert line["id"] == answer["X-Request-Id"]
        assert float(line.pop("ms")) > 0
        return line

    return call


def test_it_says_who_asked_for_what_and_how_it_went(client, line_of, as_owner, bearer):
    url = f"{PREFIX}/studies/{make_study(level=1, owner=OWNER).accession}"
    for caller, kind, status in (
        (client, "anonymous", "404"),
        (as_owner(), "owner", "200"),
        (bearer("read"), "staff", "200"),
    ):
        line = line_of(caller.get, url, headers={"X-Request-Id": "mine.1"})
        assert line == {"id": "mine.1", "method": "GET", "path": url, "status": status, "actor": kind}
    assert line_of(client.head, url)["method"] == "HEAD"
    assert line_of(client.get, "/admin/")["status"] == "302"


def test_it_says_nothing_of_what_was_sent(client, line_of, caplog):
    secret = "canary"
    line_of(client.get, f"{PREFIX}/studies/?search={secret}&password={secret}&sig={secret}")
    line_of(client.post, f"{PREFIX}/auth/verify?token={secret}", {"token": secret}, "application/json")
    line_of(
        client.get, f"{PREFIX}/studies/", headers={"Authorization": f"Bearer {secret}", "Cookie": f"sessionid={secret}"}
    )
    line_of(client.get, f"{PREFIX}/files/verify", headers={"X-Original-URI": f"/private/x?sig={secret}"})
    assert secret not in caplog.text


@pytest.mark.parametrize("path", ["a%0Aid=forged", "a%20status=200", "%00", "%FF", "a%0D%0Ab"])
def test_nobody_writes_a_line_of_their_own(client, line_of, path):
    assert line_of(client.get, f"{PREFIX}/studies/{path}")["status"] == "404"
