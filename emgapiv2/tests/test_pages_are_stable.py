"""Cursors: what is inserted, hidden or touched between two pages makes nothing come twice and nothing go missing."""

import pytest

from analyses.models import Study
from analyses.tests.factories import make_sample, make_study
from emgapiv2.tests.operations import PREFIX

pytestmark = pytest.mark.django_db
STUDIES, SAMPLES = f"{PREFIX}/studies/", f"{PREFIX}/samples/"


def walk(client, url, link="next"):
    """The pages from there on, as lists of accessions."""
    while url:
        body = client.get(url).json()
        yield [item["accession"] for item in body["items"]]
        url = body[link]


def test_in_id_order_nothing_twice_and_nothing_lost(client):
    there = [make_study() for _ in range(7)]
    pages = walk(client, f"{STUDIES}?cursor=&page_size=2&search=study")
    met = next(pages)
    Study.objects.filter(pk=there[0].pk).update(own_visibility=2)
    new = make_study().accession
    met += [accession for page in pages for accession in page]
    assert met == [study.accession for study in there] + [new]


def test_in_the_order_of_change_nothing_is_lost(client):
    there = [make_study() for _ in range(5)]
    pages = walk(client, f"{STUDIES}?cursor=&page_size=2&order=updated_at")
    met = next(pages)
    Study.objects.filter(pk=there[0].pk).update(title="seen before, and new again")
    met += [accession for page in pages for accession in page]
    assert set(met) == {study.accession for study in there}


@pytest.mark.parametrize("order", ["sample_title", "-sample_title", "updated_at", "-updated_at", ""])
def test_there_and_back_are_the_pages_of_the_same_list(client, order):
    study = make_study()
    for title in ("b", None, "a", "b", None, None, "c"):
        make_sample(study, sample_title=title)
    whole = [item["accession"] for item in client.get(SAMPLES, {"order": order}).json()["items"]]
    assert len(whole) == 7
    for size in (1, 2, 3, 7):
        pages = list(walk(client, f"{SAMPLES}?cursor=&page_size={size}&order={order}"))
        assert [accession for page in pages for accession in page] == whole, size
        url, last = f"{SAMPLES}?cursor=&page_size={size}&order={order}", None
        while url:
            last, url = url, client.get(url).json()["next"]
        assert list(walk(client, last, link="previous")) == pages[::-1], size


def test_a_cursor_is_good_for_its_own_query_only(client):
    for _ in range(3):
        make_study()
    url = client.get(f"{STUDIES}?cursor=&page_size=1&search=study").json()["next"]
    cursor = url.rpartition("cursor=")[2]
    assert client.get(STUDIES, {"cursor": cursor, "search": "study", "page_size": 2}).status_code == 200
    changed = f"{'A' if cursor[0] != 'A' else 'B'}{cursor[1:]}"
    for query in (
        {"cursor": cursor},
        {"cursor": cursor, "search": "other"},
        {"cursor": cursor, "search": "study", "order": "-updated_at"},
        {"cursor": changed, "search": "study"},
        {"cursor": cursor[:-1], "search": "study"},
        {"cursor": "x", "search": "study"},
        {"cursor": "é", "search": "study"},
    ):
        answer = client.get(STUDIES, query)
        assert answer.status_code == 422, query
        assert answer.json()["detail"][0]["msg"] == "cursor belongs to another query"
    assert client.get(SAMPLES, {"cursor": cursor, "search": "study"}).status_code == 422
    assert client.get(STUDIES, {"cursor": "", "page": 2}).status_code == 422


def test_what_changed_is_listed_as_it_changed_and_says_where_to_go_on(client, settings):
    first, second = make_study(), make_study()
    Study.objects.filter(pk=first.pk).update(title="changed")
    answer = client.get(STUDIES, {"updated_since": "2020-01-01T00:00:00Z"})
    assert [item["accession"] for item in answer.json()["items"]] == [second.accession, first.accession]
    through = answer["X-Updated-Through"]
    assert through < answer.json()["items"][-1]["updated_at"], "a change may still be on its way into the database"
    moment = answer.json()["items"][0]["updated_at"]
    assert client.get(STUDIES, {"updated_until": "2020-01-01"}).json()["count"] == 0
    assert client.get(STUDIES, {"updated_since": moment}).json()["count"] == 2
    assert client.get(STUDIES, {"updated_since": "yesterday"}).status_code == 422
    assert "X-Updated-Through" not in client.get(STUDIES)


def test_fields_keep_what_is_named(client):
    make_study()
    assert [set(one) for one in client.get(STUDIES, {"fields": "accession, title"}).json()["items"]] == [
        {"accession", "title"}
    ]
    for rows in (1, 0):
        answer = client.get(STUDIES, {"fields": "accession,secret"})
        assert answer.status_code == 422, f"{rows} rows"
        assert answer.json()["detail"][0]["msg"] == "no such field: secret"
        Study.objects.update(own_visibility=2)
