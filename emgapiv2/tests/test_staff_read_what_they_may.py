"""Neither a token nor a session of staff does more than its holder may."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from analyses.tests.factories import make_analysis, make_run, make_study
from emgapiv2.tests.operations import PREFIX

pytestmark = pytest.mark.django_db


@pytest.fixture
def private(db):
    return make_analysis(make_run(make_study(level=1)), state="published")


def url_of(study):
    return f"{PREFIX}/studies/{study.accession}"


def test_who_may_not_read_private_things_reads_as_anybody(private, bearer, client):
    staff = get_user_model().objects.create_user("reader", is_staff=True)
    client.force_login(staff)
    url = url_of(private.study)
    assert [caller.get(url).status_code for caller in (bearer("read", user=staff), client)] == [404, 404]
    staff.user_permissions.add(Permission.objects.get(codename="view_private"))
    assert [caller.get(url).status_code for caller in (bearer("read", user=staff), client)] == [200, 200]
    assert bearer("launch", user=staff).get(url).status_code == 404, "that token is not for reading"


def test_a_superuser_who_is_not_staff_reads_by_session(private, client):
    client.force_login(get_user_model().objects.create_user("root", is_superuser=True))
    assert client.get(url_of(private.study)).status_code == 200


def test_staff_see_nothing_suppressed_and_keep_nothing(private, bearer):
    staff = bearer("read")
    assert staff.get(url_of(private.study))["Cache-Control"] == "private, no-store"
    assert staff.get(url_of(make_study(level=2))).status_code == 404


def test_lists_of_everything_are_public_for_staff_too(private, bearer):
    make_analysis(make_run(make_study()), state="published")
    for noun in ("studies", "samples", "runs", "analyses"):
        for query in ({}, {"order": ""}, {"search": ""}):
            assert bearer("read").get(f"{PREFIX}/{noun}/", query).json()["count"] == 1, noun
