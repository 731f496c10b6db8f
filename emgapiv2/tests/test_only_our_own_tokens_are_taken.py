import time

import jwt
import pytest
from django.conf import settings

from emgapiv2.tests.callers import OWNER
from emgapiv2.tests.operations import PREFIX
from emgapiv2.tests.signing_in import post

pytestmark = pytest.mark.django_db


def claims(**changed):
    now = int(time.time())
    good = {
        "token_type": "sliding",
        "jti": "1" * 32,
        "username": OWNER,
        "iat": now,
        "exp": now + 60,
        "refresh_exp": now + 90,
    }
    return {name: value for name, value in (good | changed).items() if value is not None}


def signed(key=None, algorithm="HS256", **changed):
    return jwt.encode(claims(**changed), key or settings.JWT_SECRET_KEY, algorithm=algorithm)


BAD = {
    "another key": lambda: signed(key="k" * 50),
    "Django's key": lambda: signed(key=settings.SECRET_KEY),
    "no signature": lambda: jwt.encode(claims(), None, algorithm="none"),
    "another algorithm": lambda: signed(algorithm="HS512"),
    "an altered body": lambda: ".".join([*signed(username="Webin-1").split(".")[:2], signed().split(".")[2]]),
    "another type": lambda: signed(token_type="access"),
    "a newline in the name": lambda: signed(username=f"{OWNER}\n"),
    "a broker's name": lambda: signed(username=f"mg-{OWNER}"),
    "a name of another kind": lambda: signed(username="root"),
    "a list for a name": lambda: signed(username=[OWNER]),
    "text for a time": lambda: signed(refresh_exp="never"),
    "expired": lambda: signed(exp=int(time.time()) - 1),
    **{f"no {name}": lambda name=name: signed(**{name: None}) for name in claims()},
    "nesting": lambda: f"{'W1' * 20000}.e30.x",
    "not ASCII": lambda: "eyJhbGciOiJIUzI1NiJ9.é.x",
    "a key for a program": lambda: "mgn_" + "a" * 43,
    "nothing": lambda: "",
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD)
def test_only_our_own_tokens_are_taken(client, make):
    answer = post("/verify", {"token": make()})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_not_valid")
    assert answer.json()["messages"] == [
        {"token_class": "SlidingToken", "token_type": "sliding", "message": "Token is invalid or expired"}
    ]
    if make().isascii():
        answer = client.get(f"{PREFIX}/my-data/studies/", headers={"Authorization": f"Bearer {make()}"})
        assert (answer.status_code, answer.json()["detail"]) == (401, "Unauthorized")
        assert answer["WWW-Authenticate"].startswith("Bearer")


def test_ours_is(client):
    assert post("/verify", {"token": signed()}).status_code == 200
    assert client.get(f"{PREFIX}/my-data/studies", headers={"Authorization": f"bearer {signed()}"}).status_code == 200
