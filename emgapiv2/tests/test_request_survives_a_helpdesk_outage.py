"""A request is a row: nobody else has to answer when it is made."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from analyses.models import AnalysisRequest, RequestState
from analyses.services.issue_api_token import issue_api_token
from analyses.services.request_analysis import MOVES, move_analysis_request
from analyses.states import IllegalMove
from analyses.tests.factories import make_study
from emgapiv2.tests.callers import OWNER
from emgapiv2.tests.operations import PREFIX

pytestmark = pytest.mark.django_db
OTHER = "Webin-99900002"
URL, FORM = f"{PREFIX}/analysis-requests/", f"{PREFIX}/my-data/request"
WISH = {"study_accession": "PRJEB51728", "analysis_type": "amplicon", "request_type": "Private", "comments": "please"}


def ask(client, url=URL, key=None, **changed):
    return client.post(url, WISH | changed, "application/json", headers={"Idempotency-Key": key} if key else {})


def test_request_survives_a_helpdesk_outage(as_owner):
    for url in (FORM, f"{FORM}/"):
        answer = ask(as_owner(), url)
        assert answer.status_code == 200
        kept = AnalysisRequest.objects.order_by("created_at").last()
        assert set(answer.json()) == {"message"}
        assert str(kept.pk) in answer.json()["message"]
        assert (kept.requestor_webin, kept.state, kept.ticket_sent_at) == (OWNER, "received", None)


@pytest.mark.parametrize(
    "accession", ["", "ERR999000041", "PRJEB51728\n", " PRJEB51728", "MGYS1", "MGYA00000001", "x" * 500]
)
def test_what_is_no_study_is_400(as_owner, accession):
    for url in (FORM, URL):
        answer = ask(as_owner(), url, study_accession=accession)
        assert (answer.status_code, answer.json()["detail"]) == (400, "Invalid study accession.")


def test_only_owners_can_ask(as_owner, client, bearer, signed_in):
    token = issue_api_token(
        owner_webin=OWNER, name="t", scopes=["request"], expires_at=timezone.now() + timedelta(days=1)
    )[1]
    assert ask(bearer(text=token)).status_code == 201
    assert ask(bearer(text=token), FORM).status_code == 401
    for stranger in (client, bearer("read"), bearer(text="stale"), signed_in):
        assert ask(stranger, FORM).status_code == 401
        assert ask(stranger).status_code in {401, 403}


def test_anothers_private_study_is_answered_as_an_unknown_one(as_owner):
    private = make_study(level=1, owner=OTHER, title="canary")
    hidden = ask(as_owner(), study_accession=private.first_accession).json()
    unknown = ask(as_owner(), study_accession="PRJEB999999").json()
    volatile = ("id", "created_at", "events", "study_accession")
    assert {**hidden, **dict.fromkeys(volatile)} == {**unknown, **dict.fromkeys(volatile)}
    assert "canary" not in str(hidden)
    assert AnalysisRequest.objects.get(pk=hidden["id"]).study == private


def test_the_same_key_is_the_same_request(as_owner):
    first = ask(as_owner(), key="1").json()
    assert ask(as_owner(), key="1").json() == first
    assert ask(as_owner(OTHER), key="1").json()["id"] != first["id"]
    assert ask(as_owner(), key="2").json()["id"] != first["id"]
    (fault,) = ask(as_owner(), key="1", comments="something else").json()["detail"]
    assert fault["loc"] == ["header", "Idempotency-Key"]


@pytest.mark.django_db(transaction=True)
def test_equal_requests_at_once_are_one(as_owner):
    clients, answers = [as_owner() for _ in range(6)], []

    def send(client):
        answers.append(ask(client, key="at once"))
        connection.close()

    threads = [threading.Thread(target=send, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == AnalysisRequest.objects.count() == 1


def test_own_requests_are_seen_and_cancelled_by_their_owner(as_owner, bearer):
    made = ask(as_owner()).json()
    url = f"{URL}{made['id']}"
    move_analysis_request(request_id=made["id"], to=RequestState.ACCEPTED, actor="user:anna", note="canary")
    seen = as_owner().get(url)
    assert [event["to_state"] for event in seen.json()["events"]] == ["received", "accepted"]
    assert "canary" not in seen.content.decode()
    assert "anna" not in seen.content.decode()
    assert [as_owner().get(URL).json()["count"], as_owner(OTHER).get(URL).json()["count"]] == [1, 0]
    assert bearer("read").get(url).status_code == 200
    assert as_owner(OTHER).get(url).status_code == as_owner(OTHER).post(f"{url}/cancel").status_code == 404
    assert as_owner().post(f"{url}/cancel").json()["state"] == "cancelled"
    assert as_owner().post(f"{url}/cancel").status_code == 409


def test_a_request_takes_only_the_moves_of_the_table(as_owner):
    request_id = ask(as_owner()).json()["id"]
    for frm, reached in MOVES.items():
        AnalysisRequest.objects.filter(pk=request_id).update(state=frm)
        for to in set(RequestState) - reached:
            with pytest.raises(IllegalMove):
                move_analysis_request(request_id=request_id, to=to, actor="test")
