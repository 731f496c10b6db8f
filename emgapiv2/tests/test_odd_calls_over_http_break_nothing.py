"""Calls made from the document, odd ones too, over real HTTP: by nobody, and those that write by who may."""

import socket
from urllib.parse import urlsplit

import pytest
import requests
from django.contrib.auth import get_user_model
from django.utils import timezone
from hypothesis import HealthCheck, given, settings

from analyses.services.issue_api_token import issue_api_token
from emgapiv2.api.sliding import issue_sliding_token
from emgapiv2.tests.callers import OWNER
from emgapiv2.tests.operations import PREFIX, document
from emgapiv2.tests.things import CHECKS, OF_OWNERS, described

pytestmark = pytest.mark.django_db
EXAMPLES = 6
OPERATIONS = [(method, path) for path, methods in document()["paths"].items() for method in methods]
WRITING = [(method, path) for method, path in OPERATIONS if method != "get"]


@pytest.fixture(scope="module")
def keys(served_things):
    """Authorization of a data owner, and of somebody who may launch."""
    operator = get_user_model().objects.create_user("launcher", is_staff=True, is_superuser=True)
    expires_at = timezone.now() + timezone.timedelta(days=1)
    _, launching = issue_api_token(user=operator, name="test", scopes=["read", "launch"], expires_at=expires_at)
    found = {"my-data/studies": issue_sliding_token(account=OWNER), "flow-runs": launching}
    for path, token in found.items():
        bearer = {"Authorization": f"Bearer {token}"}
        assert requests.get(f"{served_things['site']}{PREFIX}/{path}", headers=bearer, timeout=30).status_code == 200
    return found


def send(site, method, path, **headers):
    """Odd calls of one operation; each answer is one that the document allows."""
    session = requests.Session()

    @given(case=described()[path][method.upper()].as_strategy())
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=HealthCheck)
    def call(case):
        case.call_and_validate(base_url=site, session=session, checks=CHECKS, headers=headers)

    call()


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_nobody_breaks_anything(served_things, method, path):
    send(served_things["site"], method, path)


@pytest.mark.parametrize(("method", "path"), WRITING)
def test_who_may_write_breaks_nothing(served_things, keys, method, path):
    token = keys["my-data/studies" if path.split("/")[3] in OF_OWNERS else "flow-runs"]
    send(served_things["site"], method, path, Authorization=f"Bearer {token}")


@pytest.mark.parametrize("kind", ["charset=hex", "charset=undefined", "charset*=odd''x", "charset*=utf-8''%00", "x*=y"])
def test_no_content_type_breaks_a_page(served_things, kind):
    url = f"{served_things['site']}{PREFIX}/studies/?search=x"
    answer = requests.get(url, headers={"Content-Type": f"a/b; {kind}"}, timeout=30)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json; charset=utf-8")


@pytest.mark.parametrize("length", [0, 1, 5])
def test_a_body_that_breaks_off_is_refused_and_the_next_call_answered(served_things, length):
    address = urlsplit(served_things["site"])
    with socket.create_connection((address.hostname, address.port), timeout=10) as line:
        head = f"POST {PREFIX}/auth/verify HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
        line.sendall(f"{head}Content-Length: 10\r\n\r\n{'{' * length}".encode())
    assert requests.get(f"{served_things['site']}{PREFIX}/biomes/", timeout=30).status_code == 200
