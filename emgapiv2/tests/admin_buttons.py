"""Pressing the buttons of the admin as somebody with certain rights."""

import pytest
from django.contrib.auth.models import Permission, User
from django.db.models import Q
from django.test import Client
from django.urls import reverse

ENAS = Q(content_type__app_label="ena", content_type__model__in=["study", "sample"])  # of the same names as ours


@pytest.fixture
def operator():
    """Signs in a member of staff who holds the named rights; CSRF is checked as in real life."""

    def sign_in(*rights):
        user, rights = User.objects.create_user("anna", is_staff=True), {*rights, "view_private"}
        granted = Permission.objects.filter(codename__in=rights).exclude(ENAS)
        assert len(granted) == len(rights)
        user.user_permissions.set(granted)
        client = Client(enforce_csrf_checks=True)
        client.force_login(user)
        return client

    return sign_in


def url_of(row, *path):
    change = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return "/".join([change.removesuffix("/change/"), *path, ""])


def post(client, url, **values):
    """As the browser does: the token comes from the page that holds the form."""
    page = client.get(url)
    values |= {"csrfmiddlewaretoken": page.context["csrf_token"]} if page.status_code == 200 else {}
    return client.post(url, {"_form_submitted": "True"} | values)
