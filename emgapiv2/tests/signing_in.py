"""How tests sign in, over the stand-in's Webin."""

import jwt
from django.test import Client

from emgapiv2.tests.callers import OWNER
from emgapiv2.tests.operations import PREFIX
from ena.tests.conftest import PASSWORD

RIGHT = {"username": OWNER, "password": PASSWORD}


def post(path, body, **client):
    return Client(raise_request_exception=False, **client).post(f"{PREFIX}/auth{path}", body, "application/json")


def sign_in(**changed):
    return post("/sliding", RIGHT | changed)


def claims_of(token):
    """What anybody can read in a token, as the web client does."""
    return jwt.decode(token, options={"verify_signature": False})
