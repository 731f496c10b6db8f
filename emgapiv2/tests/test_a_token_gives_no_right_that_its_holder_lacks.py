from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from analyses.models import ApiToken
from analyses.tests.factories import make_study
from emgapiv2.tests.callers import OWNER
from emgapiv2.tests.operations import PREFIX

pytestmark = pytest.mark.django_db
TOKENS = f"{PREFIX}/auth/tokens/"


def asked(days=30, scopes=("read",), **changed):
    expires_at = (timezone.now() + timedelta(days=days)).isoformat()
    return {"name": "my script", "scopes": list(scopes), "expires_at": expires_at} | changed


def make(client, **body):
    return client.post(TOKENS, asked(**body), "application/json")


def test_a_token_is_told_once_and_reads_what_its_holder_reads(as_owner, bearer):
    private = f"{PREFIX}/studies/{make_study(level=1, owner=OWNER).accession}"
    answer = make(as_owner())
    assert answer.status_code == 201
    text = answer.json()["token"]
    assert (len(text), text[:4], text[4:12]) == (47, "mgn_", answer.json()["prefix"])
    assert bearer(text=text).get(private).status_code == 200
    assert bearer(text=text).get(f"{PREFIX}/my-data/studies/").json()["count"] == 1
    (listed,) = as_owner().get(TOKENS).json()["items"]
    assert "token" not in listed
    assert text not in str(ApiToken.objects.values())


def test_only_the_holder_can_list_and_end_it(as_owner, bearer, signed_in):
    answer = make(as_owner()).json()
    url = f"{TOKENS}{answer['id']}"
    for stranger in (as_owner("Webin-99900002"), signed_in):
        stranger.handler.enforce_csrf_checks = False
        assert stranger.get(TOKENS).json()["count"] == 0
        assert stranger.delete(url).status_code == 404
    assert bearer(text=answer["token"]).get(TOKENS).status_code == 401, "a key makes and ends no keys"
    assert as_owner().delete(url).status_code == 204
    assert as_owner().delete(url).status_code == 404
    assert as_owner().get(TOKENS).json()["count"] == 0
    assert bearer(text=answer["token"]).get(f"{PREFIX}/my-data/studies/").status_code == 401


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_a_token_lives_at_most_a_year(as_owner, days):
    (fault,) = make(as_owner(), days=days).json()["detail"]
    assert fault["loc"] == ["body", "expires_at"]


def test_a_time_without_a_zone_and_an_unknown_scope_are_refused(as_owner):
    body = asked(scopes=["everything"], expires_at="2027-01-01T00:00:00", name="")
    faults = as_owner().post(TOKENS, body, "application/json").json()["detail"]
    assert {tuple(fault["loc"])[-1 - isinstance(fault["loc"][-1], int)] for fault in faults} == {
        "scopes", "expires_at", "name",
    }  # fmt: skip


def test_launching_is_for_staff_who_may(as_owner, operator):
    assert make(as_owner(), scopes=["launch"]).status_code == 422
    clerk = Client()
    clerk.force_login(get_user_model().objects.create_user("clerk", is_staff=True))
    assert make(clerk, scopes=["launch"]).status_code == 422
    assert make(clerk).status_code == 201
    boss = Client()
    boss.force_login(operator)
    assert make(boss, scopes=["launch", "read", "read"]).json()["scopes"] == ["launch", "read"]


def test_a_session_needs_the_csrf_token_and_a_person_on_the_staff(signed_in):
    assert make(signed_in).status_code == 403
    guest = Client()
    guest.force_login(get_user_model().objects.create_user("guest"))
    assert make(guest).status_code == 403
    assert make(Client()).status_code == 401
