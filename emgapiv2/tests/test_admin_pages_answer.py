from collections import Counter

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from emgapiv2.tests.admin_rows import make_everything

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
MAX_QUERIES = 8  # two of them are the session and the user


def page(model, which, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{which}", args=args)


def row_of(model, rows):
    return rows.get(f"{model._meta.app_label}.{model._meta.model_name}") or rows[model._meta.model_name]


def queries_of(client, url):
    client.get(url)  # what is read once a process is read here
    with CaptureQueriesContext(connection) as caught:
        answer = client.get(url)
    assert answer.status_code == 200, url
    return [query["sql"] for query in caught]


@pytest.mark.django_db
@pytest.mark.parametrize("which", ["changelist", "change"])
def test_a_page_costs_the_same_with_one_row_and_three(admin_client, which):
    def ask_all(children):
        rows = make_everything(children)
        return {
            model._meta.label: queries_of(
                admin_client, page(model, which, *([row_of(model, rows).pk] if which == "change" else []))
            )
            for model in MODELS
        }

    one, three = ask_all(1), ask_all(3)
    assert {label: len(sql) for label, sql in one.items()} == {label: len(sql) for label, sql in three.items()}, [
        Counter(three[label]) - Counter(one[label]) for label in one if len(one[label]) != len(three[label])
    ]
    too_many = {
        label: len(sql) for label, sql in three.items() if len(sql) > MAX_QUERIES and not label.startswith("auth")
    }
    assert too_many == {}


@pytest.mark.django_db
def test_a_list_counts_nothing(admin_client):
    make_everything()
    lists = {model._meta.label: queries_of(admin_client, page(model, "changelist")) for model in MODELS}
    assert [label for label, sql in lists.items() if not label.startswith("auth") and "COUNT(*)" in "".join(sql)] == []


@pytest.mark.django_db
def test_a_search_finds_by_whole_accession_only(admin_client):
    rows = make_everything()
    study, run = rows["study"], rows["run"]
    for term in (study.accession, study.ena_study.accession.lower()):
        assert study.accession in admin_client.get(page(type(study), "changelist"), {"q": term}).text
    for model, name in ((study, study.first_accession), (run, run.first_accession)):
        assert f"/{model.pk}/change/" not in admin_client.get(page(type(model), "changelist"), {"q": name[:-1]}).text
        assert f"/{model.pk}/change/" in admin_client.get(page(type(model), "changelist"), {"q": name}).text


@pytest.mark.django_db
def test_every_list_can_be_searched(admin_client):
    make_everything()
    for model in MODELS:
        assert admin_client.get(page(model, "changelist"), {"q": "MGYS00000001"}).status_code == 200, model


@pytest.mark.django_db
def test_the_first_page_shows_what_needs_a_person_and_what_runs(admin_client):
    rows = make_everything()
    answer = admin_client.get(reverse("admin:index"))
    for shown in (rows["attention"].text, rows["decision"], rows["flowrun"], "Jobs under way"):
        assert str(shown) in answer.text


@pytest.mark.django_db
def test_nothing_can_be_added_deleted_or_edited_but_what_people_write(admin_client):
    rows = make_everything()
    written = {"analyses.SuperStudy": {"add"}, "analyses.ComputeResourceHeuristic": {"add", "delete"}}
    editable = {"analyses.Study", "workflows.Decision", *written}
    for model in MODELS:
        if model._meta.app_label == "auth":
            continue
        row = row_of(model, rows)
        for which, url in (("add", page(model, "add")), ("delete", page(model, "delete", row.pk))):
            open_to = which in written.get(model._meta.label, ())
            assert admin_client.get(url).status_code == (200 if open_to else 403), url
        change = admin_client.post(page(model, "change", row.pk), {"state": "published"})
        assert (change.status_code == 403) == (model._meta.label not in editable), model


@pytest.mark.django_db
def test_nobody_is_deleted_with_the_history_of_what_they_did(admin_client, admin_user):
    assert admin_client.get(page(type(admin_user), "delete", admin_user.pk)).status_code == 403
