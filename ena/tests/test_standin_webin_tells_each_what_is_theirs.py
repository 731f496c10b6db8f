"""The stand-in's Webin as a plain client sees it."""

import pytest
import requests

from ena.tests.conftest import PASSWORD

OWNER, OTHER = "Webin-99900001", "Webin-99900002"


@pytest.fixture
def call(standin_server):
    standin_server.reset()

    def send(path, *, method="GET", **how):
        return requests.request(method, f"{standin_server.url}/ena/submit{path}", timeout=5, **how)

    return send


def sign_in(call, path, username=OWNER, password=PASSWORD):
    body = {"authRealms": ["ENA", "EGA"], "username": username, "password": password}
    return call(path, method="POST", json=body)


def test_both_calls_check_and_one_gives_a_token(call):
    assert (sign_in(call, "/webin/auth").status_code, sign_in(call, "/webin/auth").text) == (200, "")
    assert sign_in(call, "/webin/auth/token").text.count(".") == 2
    for path in ("/webin/auth", "/webin/auth/token"):
        assert sign_in(call, path, password="wrong").status_code == 401
        assert sign_in(call, path, username="Webin-1").status_code == 401
        assert call(path, method="POST", data=b"[").status_code == 401
    assert sign_in(call, "/webin/auth/other").status_code == 404


def test_people_are_told_to_who_bears_a_token(call):
    token = sign_in(call, "/webin/auth/token", f"mg-{OWNER}").text
    path = "/webin/auth/admin/submission-account"
    found = call(path, headers={"Authorization": f"Bearer {token}"}).json()
    assert found["id"] == OWNER
    assert [one["emailAddress"] for one in found["submissionContacts"] if one["mainContact"]] == ["owner@example.org"]
    for wrong in ({}, {"Authorization": "Bearer a.b.c"}):
        assert call(path, headers=wrong).status_code == 401


@pytest.mark.parametrize(
    "record", ["studies/PRJEB99900004", "studies/ERP999004", "runs/ERR999000041", "samples/SAMEA999000075"]
)
def test_a_record_is_reported_to_its_owner_alone(call, record):
    accession = record.partition("/")[2]
    (found,) = call(f"/report/{record}", auth=(OWNER, PASSWORD)).json()
    assert (found["report"]["id"], found["report"]["submissionAccountId"]) == (accession, OWNER)
    assert found["report"]["releaseStatus"] in {"PRIVATE", "SUPPRESSED"}
    assert call(f"/report/{record}", auth=(OTHER, PASSWORD)).json() == []
    assert call(f"/report/{record}", auth=(OWNER, "wrong")).status_code == 401
    assert call(f"/report/{record}").status_code == 401
    assert call(f"/report/nothing/{accession}", auth=(OWNER, PASSWORD)).status_code == 404
