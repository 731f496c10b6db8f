"""Who calls the API in tests, and with what."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from emgapiv2.api.auth import issue_token


@pytest.fixture(autouse=True)
def no_remembered_counts():
    cache.clear()


@pytest.fixture
def operator(db):
    return get_user_model().objects.create_user("operator", is_staff=True, is_superuser=True)


@pytest.fixture
def bearer(operator):
    """``bearer("launch")``: a client whose token holds these scopes; ``bearer(text="…")`` one with that token."""

    def client_with(*scopes, text=None, user=operator):
        expires_at = timezone.now() + timedelta(days=1)
        token = text or issue_token(user=user, name="test", scopes=list(scopes), expires_at=expires_at)
        return Client(headers={"Authorization": f"Bearer {token}"}, raise_request_exception=False)

    return client_with


@pytest.fixture
def signed_in(operator):
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)
    return client
