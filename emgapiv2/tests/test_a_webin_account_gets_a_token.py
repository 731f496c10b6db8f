import pytest
from django.test import Client

from emgapiv2.tests.callers import OWNER
from emgapiv2.tests.operations import PREFIX
from emgapiv2.tests.signing_in import claims_of, post, sign_in

pytestmark = pytest.mark.django_db
ODD = [
    "Webin-99900001\n",
    "Webin-99900001 ",
    "webin-99900001",
    "Webin-",
    "",
    "Webin-९",
    "Webin-1\0",
    "mg-mg-Webin-99900001",
]


def test_the_token_says_what_clients_read(standin):
    answer = sign_in()
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    body = answer.json()
    assert set(body) == {"token", "token_type"}
    claims = claims_of(body["token"])
    assert set(claims) == {"token_type", "exp", "iat", "jti", "refresh_exp", "username"}
    assert (claims["token_type"], body["token_type"], claims["username"]) == ("sliding", "sliding", OWNER)
    assert claims["exp"] - claims["iat"] == 24 * 3600
    assert post("/verify", {"token": body["token"]}).json() == {}


def test_a_broker_becomes_the_owner_name(standin):
    answer = sign_in(username=f"mg-{OWNER}")
    assert claims_of(answer.json()["token"])["username"] == OWNER
    assert standin.requests()[-1]["account"] == f"mg-{OWNER}"


def test_only_our_own_account_is_admin(standin, configure):
    configure(webin={"emg_webin_account": OWNER.lower()})
    assert claims_of(sign_in().json()["token"])["is_admin"] is True
    assert "is_admin" not in claims_of(sign_in(username="Webin-99900002").json()["token"])


@pytest.mark.parametrize("username", ODD)
def test_a_name_that_can_be_no_accounts_gets_no_token(standin, username):
    answer = sign_in(username=username)
    assert (answer.status_code, answer.json()["detail"]) == (401, "Invalid credentials")
    assert standin.requests() == []


def test_a_wrong_password_is_told_as_a_sentence(standin):
    answer = sign_in(password="wrong")
    assert (answer.status_code, answer.json()["detail"]) == (401, "Invalid credentials")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_what_is_no_form_of_signing_in_is_422_and_not_repeated(standin):
    answer = post("/sliding", {"username": 3, "password": ["canary-of-a-password"]})
    assert {tuple(fault["loc"])[-1] for fault in answer.json()["detail"]} == {"username", "password"}
    assert "canary" not in answer.content.decode()


def test_a_stale_token_does_not_keep_anybody_from_signing_in(standin):
    answer = Client(headers={"Authorization": "Bearer stale"}).post(
        f"{PREFIX}/auth/sliding/", {"username": OWNER, "password": "wrong"}, "application/json"
    )
    assert (answer.status_code, answer.json()["detail"]) == (401, "Invalid credentials")


def test_people_behind_an_account_are_told_only_where_the_deployment_wants_it(standin, configure):
    body = {"username": OWNER, "password": "of-this-test-run"}
    assert post("/account", body).status_code == 404
    configure(webin={"account_endpoint_enabled": True})
    main, assistant = post("/account", body).json()
    assert (main["requester_name"], main["main_contact"]) == ("Made Up", True)
    assert assistant["requester_name"] == assistant["email_address"]
    assert post("/account", body | {"password": "wrong"}).status_code == 401
