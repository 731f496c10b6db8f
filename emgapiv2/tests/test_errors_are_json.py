import logging

import pytest
from django.db import connection
from django.test import Client

from emgapiv2.tests.operations import PREFIX

pytestmark = pytest.mark.django_db
KEY = {"Idempotency-Key": "1"}


def refusal(answer, status, code):
    """The body of a refusal, whose form is always the same."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"].startswith("application/json")
    body = answer.json()
    assert set(body) == {"detail", "code", "request_id"}
    assert body["code"] == code
    assert body["request_id"] == answer["X-Request-Id"]
    return body["detail"]


@pytest.mark.parametrize("path", ["/nothing", "/studies/a/b/c/", "/studies/%00", "/%00", "/samples/%0A", "/runs/%2F"])
def test_unknown_paths_are_404(client, path):
    assert refusal(client.get(f"{PREFIX}{path}"), 404, "not_found") == "Not found."


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_wrong_methods_are_405_and_say_which_are_right(client, method):
    answer = getattr(client, method)(f"{PREFIX}/studies/")
    assert refusal(answer, 405, "method_not_allowed") == "Method not allowed."
    assert answer["Allow"] == "GET, HEAD, OPTIONS"


def test_a_wrong_host_is_400(client):
    refusal(client.get(f"{PREFIX}/studies/", headers={"Host": "elsewhere.example"}), 400, "bad_request")


def test_more_parameters_than_are_read_are_400(client):
    refusal(client.get(f"{PREFIX}/studies/?{'a&' * 1001}"), 400, "bad_request")


def test_a_cookie_that_names_no_session_is_none():
    client = Client(headers={"Cookie": r'sessionid="\000abcdefgh"'}, raise_request_exception=False)
    refusal(client.get(f"{PREFIX}/studies/MGYS99999999"), 404, "not_found")
    refusal(client.get(f"{PREFIX}/my-data/studies/"), 401, "unauthorized")


def test_no_credentials_are_401_before_anything_else():
    client = Client(enforce_csrf_checks=True)
    for answer in (client.get(f"{PREFIX}/flow-runs/"), client.post(f"{PREFIX}/flow-runs/", "{", "application/json")):
        assert refusal(answer, 401, "unauthorized") == "Unauthorized"
        assert answer["WWW-Authenticate"] == "Bearer"


NO_JSON = ["{", "[1", b'"\xff"', '{"x": NaN}', '{"x": -Infinity}', '{"x": 1e999}', r'{"x": "\ud800"}', "[" * 2000]


@pytest.mark.parametrize("body", NO_JSON)
def test_what_is_no_json_is_400(bearer, body):
    refusal(bearer("launch").post(f"{PREFIX}/flow-runs/", body, "application/json", headers=KEY), 400, "bad_request")


def test_all_faults_of_a_request_are_told_at_once(bearer):
    answer = bearer("launch").post(f"{PREFIX}/flow-runs/?page=x", {"parameters": 3, "note": "\0"}, "application/json")
    faults = refusal(answer, 422, "invalid")
    assert {tuple(fault["loc"])[-1] for fault in faults} == {"Idempotency-Key", "deployment", "parameters", "note"}


@pytest.mark.parametrize("query", ["search=%00", "biome_lineage=a%00", "has_analyses_from_pipeline=V99"])
def test_texts_that_nothing_can_match_are_invalid(client, query):
    assert refusal(client.get(f"{PREFIX}/studies/?{query}"), 422, "invalid")


def test_a_fault_of_ours_tells_nothing_but_its_request_id(client, caplog, settings):
    settings.DEBUG = True
    client.raise_request_exception = False
    secret = "SELECT password FROM somewhere"

    def fail(*_arguments):
        raise RuntimeError(secret)

    with caplog.at_level(logging.ERROR), connection.execute_wrapper(fail):
        answer = client.get(f"{PREFIX}/studies/", headers={"X-Request-Id": "mine"})
    assert "request id" in refusal(answer, 500, "internal")
    assert secret not in answer.content.decode()
    assert "request mine failed" in caplog.text
    assert secret in caplog.text
