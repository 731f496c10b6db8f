import time

import pytest
from django.utils import timezone

from analyses.models import RevokedToken
from emgapiv2.api import sliding
from emgapiv2.tests.callers import OWNER
from emgapiv2.tests.signing_in import claims_of, post

pytestmark = pytest.mark.django_db
MINUTE, HOUR = 60, 3600


@pytest.fixture
def token_of_age(monkeypatch, configure):
    """A token of a sign-in so many seconds ago: ten minutes long, of a sign-in of two hours."""
    configure(webin={"jwt_expiration_minutes": 10, "jwt_refresh_expiration_hours": 2})

    def make(age):
        then = time.time() - age
        with monkeypatch.context() as earlier:
            earlier.setattr(sliding.time, "time", lambda: then)
            return sliding.issue_sliding_token(account=OWNER)

    return make


def test_refresh_after_expiry_works_until_refresh_exp(token_of_age):
    old = token_of_age(HOUR)
    assert post("/verify", {"token": old}).status_code == 401
    new = post("/sliding/refresh", {"token": old}).json()["token"]
    assert post("/verify", {"token": new}).status_code == 200
    before, after = claims_of(old), claims_of(new)
    kept = ("jti", "refresh_exp", "username", "token_type")
    assert [before[name] for name in kept] == [after[name] for name in kept]
    assert after["iat"] >= before["iat"] + HOUR
    assert after["exp"] == after["iat"] + 10 * MINUTE


def test_no_token_outlives_its_sign_in(token_of_age):
    new = claims_of(post("/sliding/refresh", {"token": token_of_age(2 * HOUR - 5 * MINUTE)}).json()["token"])
    assert new["exp"] == new["refresh_exp"] < new["iat"] + 6 * MINUTE


def test_after_refresh_exp_only_signing_in_helps(token_of_age):
    for path in ("/sliding/refresh", "/verify", "/sliding/revoke"):
        answer = post(path, {"token": token_of_age(2 * HOUR + 1)})
        assert (answer.status_code, answer.json()["code"]) == (401, "token_not_valid")


def test_a_revoked_sign_in_is_over_for_all_its_tokens(token_of_age):
    first = token_of_age(0)
    second = post("/sliding/refresh", {"token": first}).json()["token"]
    other = token_of_age(0)
    answer = post("/sliding/revoke", {"token": token_of_age(3 * HOUR)})
    assert answer.status_code == 401
    for _ in range(2):
        answer = post("/sliding/revoke", {"token": first})
        assert (answer.status_code, answer.content) == (204, b"")
    for token in (first, second):
        assert post("/verify", {"token": token}).status_code == 401
        assert post("/sliding/refresh", {"token": token}).status_code == 401
    assert post("/verify", {"token": other}).status_code == 200


def test_what_is_over_is_forgotten(token_of_age):
    RevokedToken.objects.create(jti="over", refresh_exp=timezone.now())
    sliding.revoke_sliding_token(token=token_of_age(0))
    assert RevokedToken.objects.exclude(jti="over").count() == RevokedToken.objects.count() == 1
