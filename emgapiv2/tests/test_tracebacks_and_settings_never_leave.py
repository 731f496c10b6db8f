"""Whatever breaks in whichever operation, the caller is told a fixed sentence and where we look for it."""

import pytest
from django.db import OperationalError, connection
from django.test import Client

from emgapiv2.tests.operations import PREFIX, document

pytestmark = pytest.mark.django_db
SECRET = "password=hunter2 SELECT private_title"
IDS = {"pubmed_id": "1", "noun": "studies", "annotation_type": "pfams", "slug": "x", "alias": "x"}
UUID = "00000000-0000-4000-8000-000000000000"
BODY = {"username": "Webin-1", "password": "hunter2", "token": "mgn_x"}


def calls():
    """Every operation of the document, on something."""
    for path, methods in document()["paths"].items():
        names = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
        filled = path
        for name in names:
            filled = filled.replace(f"{{{name}}}", IDS.get(name, UUID if name.endswith("_id") else "MGYS00000001"))
        yield from ((method, filled) for method in methods)


@pytest.mark.parametrize("debug", [False, True])
def test_with_a_broken_database_every_operation_says_no_more_than_that(bearer, as_owner, client, settings, debug):
    settings.DEBUG = debug
    client.raise_request_exception = False
    callers = [client, bearer("launch", "read"), as_owner(), Client(headers={"Cookie": "sessionid=abcdefghij"})]
    failed = set()

    def broken(*_arguments):
        raise OperationalError(SECRET)

    for caller in callers:
        caller.raise_request_exception = False
        for method, url in [*calls(), ("get", f"{PREFIX}/nothing"), ("head", f"{PREFIX}/studies/")]:
            with connection.execute_wrapper(broken):
                answer = (
                    getattr(caller, method)(url, BODY, "application/json")
                    if method == "post"
                    else getattr(caller, method)(url)
                )
            told = b"".join(answer) if answer.streaming else answer.content
            assert b"hunter2" not in told, url
            assert b"Traceback" not in told, url
            if answer.status_code < 500:
                continue
            failed.add((method, url))
            assert answer["Content-Type"].startswith("application/json"), url
            assert method == "head" or answer.json()["request_id"] == answer["X-Request-Id"], url
    unbroken = {url.removeprefix(PREFIX) for call in calls() for method, url in [call] if call not in failed}
    assert unbroken == set()
