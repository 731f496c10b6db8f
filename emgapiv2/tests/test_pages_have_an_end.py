from datetime import timedelta

import pytest
from django.core.cache import caches
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from analyses.models import ListCount
from analyses.selectors.counts import TRY_LOCK
from analyses.tests.factories import make_study

pytestmark = pytest.mark.django_db
STUDIES = "/api/v2/studies/"


@pytest.fixture
def three(db):
    return [make_study().accession for _ in range(3)]


def page(client, **query):
    answer = client.get(STUDIES, query)
    assert answer.status_code == 200, answer.content
    return answer


def test_following_next_meets_every_row_once_and_ends(client, three):
    met, url = [], f"{STUDIES}?page_size=2&search=study"
    while url:
        answer = client.get(url)
        met += [study["accession"] for study in answer.json()["items"]]
        url = answer.json()["next"]
        assert (f'<{url}>; rel="next"' in answer["Link"]) == bool(url)
    assert met == three
    assert "search=study" in answer.json()["previous"]


def test_links_are_those_of_the_site_whatever_the_proxy_says(client, three, settings):
    urls = settings.EMG_CONFIG.service_urls.model_copy(update={"site_url": "https://www.ebi.ac.uk"})
    settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={"service_urls": urls})
    answer = client.get(STUDIES, {"page_size": 1}, headers={"Host": "127.0.0.1:8000"})
    assert answer.json()["next"] == f"https://www.ebi.ac.uk{STUDIES}?page_size=1&page=2"


def test_beyond_the_end_is_an_empty_page_and_reads_no_row(client, three, django_assert_num_queries):
    page(client)  # the count is known from here on
    with django_assert_num_queries(1):  # the count, as it was last written down
        beyond = page(client, page=10**30).json()
    assert (beyond["count"], beyond["items"], beyond["next"]) == (3, [], None)
    assert "page=1" in beyond["previous"]


def test_large_pages_are_clamped_and_others_default_to_100(client, db, monkeypatch):
    monkeypatch.setattr("emgapiv2.api.pagination.LARGEST_PAGE", 2)
    monkeypatch.setattr("emgapiv2.api.pagination.DEFAULT_PAGE", 1)
    for _ in range(3):
        make_study()
    assert len(page(client, page_size=5000).json()["items"]) == 2
    assert len(page(client).json()["items"]) == 1


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page_size=0", "page=one", "page_size=1.5", "page="])
def test_what_is_no_page_is_invalid(client, db, query):
    answer = client.get(f"{STUDIES}?{query}")
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", query.partition("=")[0]]


def test_a_new_row_is_listed_before_its_count_is(client, three):
    page(client)
    new = make_study().accession
    listed = page(client).json()
    assert [study["accession"] for study in listed["items"]][-1] == new
    assert listed["count"] == 4


@pytest.mark.django_db(transaction=True)
def test_a_table_is_counted_once_a_minute_and_by_one_caller(client, three):
    assert page(client, page_size=1).json()["count"] == 3
    make_study()
    assert page(client, page_size=1).json()["count"] == 3
    ListCount.objects.update(counted_at=F("counted_at") - timedelta(seconds=61))
    caches["counts"].clear()  # as it does after a minute
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute(TRY_LOCK.replace("_xact", ""), [ListCount.objects.get().key])
        assert page(client, page_size=1).json()["count"] == 3, "who counts already is not waited for"
        cursor.execute("SELECT pg_advisory_unlock_all()")  # Postgres ends a closed connection when it comes to it
    other.close()
    assert page(client, page_size=1).json()["count"] == 4


def test_rows_that_a_page_skips_are_not_joined(client, three):
    with CaptureQueriesContext(connection) as queries:
        assert page(client, page=3, page_size=1).json()["items"][0]["accession"] == three[2]
    skipping = next(query["sql"] for query in queries if "OFFSET 2" in query["sql"])
    assert "JOIN" not in skipping.partition("IN (SELECT")[2]


@pytest.mark.parametrize("order", ["accession", "updated_at", ""])
def test_an_order_turned_round_is_the_same_backwards(client, three, order):
    there = [study["accession"] for study in page(client, order=order).json()["items"]]
    assert there == three
    if order:
        back = [study["accession"] for study in page(client, order=f"-{order}").json()["items"]]
        assert back == there[::-1]
    assert client.get(STUDIES, {"order": "title"}).status_code == 422


def test_parameters_that_mean_nothing_are_ignored(client, three):
    assert page(client, ordering="x", pageSize=1).json()["count"] == 3


@pytest.mark.django_db(transaction=True)
def test_a_count_that_takes_too_long_is_an_estimate_and_says_so(client, three, monkeypatch):
    assert "X-Count" not in page(client)
    slow = "SELECT count(*) FROM (SELECT pg_sleep(9)) slow WHERE EXISTS ({ids})"
    monkeypatch.setattr("analyses.selectors.counts.EVERY", slow)
    monkeypatch.setattr("analyses.selectors.counts.LONGEST_MS", 50)
    for _ in range(2):  # it is remembered
        answer = page(client, search="study", page_size=1)
        assert answer["X-Count"] == "estimate"
        assert answer.json()["count"] >= 1
