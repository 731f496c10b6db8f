"""Who calls the API in tests, and with what."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.cache import caches
from django.test import Client
from django.utils import timezone

from analyses.services.issue_api_token import issue_api_token
from analyses.services.request_analysis import request_analysis
from analyses.visibility import Actor
from emgapiv2.api.sliding import issue_sliding_token

OWNER = "Webin-99900001"


@pytest.fixture(autouse=True)
def nothing_remembered():
    for name in settings.CACHES:
        caches[name].clear()


@pytest.fixture
def operator(db):
    return get_user_model().objects.create_user("operator", is_staff=True, is_superuser=True)


@pytest.fixture
def bearer(operator):
    """``bearer("launch")``: a client whose token holds these scopes; ``bearer(text="…")`` one with that token."""

    def client_with(*scopes, text=None, user=operator):
        expires_at = timezone.now() + timedelta(days=1)
        token = text or issue_api_token(user=user, name="test", scopes=list(scopes), expires_at=expires_at)[1]
        return Client(headers={"Authorization": f"Bearer {token}"}, raise_request_exception=False)

    return client_with


@pytest.fixture
def as_owner(db):
    """``as_owner()``: a client with the sliding token of a Webin account."""

    def client_of(account=OWNER):
        authorization = f"Bearer {issue_sliding_token(account=account)}"
        return Client(headers={"Authorization": authorization}, raise_request_exception=False)

    return client_of


def request_of(account):
    """An analysis request of a Webin account."""
    wish = {"analysis_type": "amplicon", "request_type": "Private", "comments": ""}
    return request_analysis(owner=Actor.owner(account), study_accession="PRJEB51728", **wish)


@pytest.fixture
def signed_in(operator):
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)
    return client
