from collections import Counter
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analyses.models import Biome, Run
from emgapiv2.tests.admin_rows import make_everything
from workflows.models import ClusterJob, Decision

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
def test_a_list_counts_nothing_and_skips_nothing(admin_client):
    """Plain, searched, by each filter that it offers, and behind a row: by keys and indexes alone."""
    rows = make_everything(3)
    for model in MODELS:
        if model._meta.app_label == "auth":
            continue
        url = page(model, "changelist")
        offered = admin_client.get(url).context["cl"]
        choices = [choice for spec in offered.filter_specs for choice in spec.choices(offered)]
        behind = f"p=after-{row_of(model, rows).pk}"
        queries = {choice["query_string"].removeprefix("?") for choice in choices} | {
            "q=MGYS00000001",
            "q=x",
            behind,
            "",
        }
        for query in queries:
            sql = queries_of(admin_client, f"{url}?{query}")
            assert len(sql) <= MAX_QUERIES, (url, query)
            wrong = [one for one in sql if "COUNT(*)" in one or " OFFSET " in one]
            assert not wrong, (url, query)


@pytest.mark.django_db
@pytest.mark.parametrize("model", [Run, ClusterJob, Biome, Decision])
def test_pages_go_on_from_their_last_row_there_and_back(admin_client, model, monkeypatch):
    for _ in range(4):
        make_everything()
    monkeypatch.setattr(admin.site._registry[model], "list_per_page", 3)
    url, there, back = page(model, "changelist"), [], []
    shown = admin_client.get(url).context["cl"]
    assert shown.previous_url == ""
    while True:
        there.append([row.pk for row in shown.result_list])
        if not shown.next_url:
            break
        shown = admin_client.get(url + shown.next_url).context["cl"]
    while True:
        back.append([row.pk for row in shown.result_list])
        if not shown.previous_url:
            break
        shown = admin_client.get(url + shown.previous_url).context["cl"]
    in_order = list(model.objects.order_by(*shown.get_ordering(shown.model_admin, None)).values_list("pk", flat=True))
    assert [pk for pks in there for pk in pks] == in_order
    assert [pk for pks in reversed(back) for pk in pks] == in_order
    for nonsense in ("after-nothing", "before-", "7", "after-00000000-0000-0000-0000-000000000000"):
        assert admin_client.get(url, {"p": nonsense}).status_code == 200


@pytest.mark.django_db
def test_a_biome_is_found_while_it_is_typed(admin_client):
    make_everything()
    asked = {"app_label": "analyses", "model_name": "study", "field_name": "biome", "term": "root"}
    sql = queries_of(admin_client, f"{reverse('admin:autocomplete')}?{urlencode(asked)}")
    assert len(sql) <= MAX_QUERIES
    assert not [one for one in sql if "COUNT(*)" in one]


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
