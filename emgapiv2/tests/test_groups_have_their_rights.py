"""The groups that a migration makes: who of them may press what is asked of the admin's own pages."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.test import Client, RequestFactory
from django.urls import reverse

from analyses.tests.factories import make_run, make_study
from emgapiv2.groups import GROUPS, make_groups
from emgapiv2.tests.admin_buttons import url_of
from emgapiv2.tests.admin_rows import make_everything

pytestmark = pytest.mark.django_db
OURS = [page for model, page in admin.site._registry.items() if model._meta.app_label != "auth"]


def member_of(group):
    make_groups()  # as the migration: other tests empty all tables
    user = User.objects.create_user(group or "nobody", is_staff=True)
    user.groups.set(Group.objects.filter(name=group))
    return user


@pytest.mark.parametrize("group", GROUPS)
def test_each_right_is_of_a_page_and_all_pages_are_seen(group):
    user = member_of(group)
    request = RequestFactory().get("/")
    request.user = user
    assert [page for page in OURS if not page.has_view_permission(request)] == []
    acts, of = ("add", "change", "delete"), [(page.opts.app_label, page.opts.model_name) for page in OURS]
    known = {f"{room}.{act}_{noun}" for room, noun in of for act in acts}
    held = {right for right in user.get_all_permissions() if ".view_" not in right}
    assert held == set(GROUPS[group]) <= known


def test_a_viewer_sees_all_and_finds_no_way_to_act():
    rows = make_everything()
    client = Client()
    client.force_login(member_of("viewer"))
    for page in OURS:
        row = rows.get(f"{page.opts.app_label}.{page.opts.model_name}") or rows[page.opts.model_name]
        assert client.get(url_of(row, "change")).status_code == 200
        for name in page._extract_action_names(page.actions_detail):
            if name not in {"watch", "unwatch"}:
                path = getattr(page, name).url_path if hasattr(getattr(page, name), "url_path") else name
                assert client.post(url_of(row, path), {"_form_submitted": "True"}).status_code == 403, (page, name)


def test_who_may_not_see_private_things_sees_no_page(client):
    study = make_study(level=1, title="canary")
    make_run(study)
    user = member_of("viewer")
    user.groups.clear()
    user.user_permissions.set(Group.objects.get(name="viewer").permissions.exclude(codename="view_private"))
    client.force_login(user)
    for url in (url_of(study, "change"), reverse("admin:analyses_study_changelist"), reverse("admin:index")):
        answer = client.get(url)
        assert answer.status_code == 403 or "canary" not in answer.text, url
        assert "canary" not in answer.text
