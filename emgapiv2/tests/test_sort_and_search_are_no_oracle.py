"""Asking for what is hidden is asking for what is not there: by every filter of every list, feed and table."""

from datetime import timedelta
from functools import cache, partial

import pytest
from django.db.models import Max

from analyses.models import Analysis, Assembly, Publication, Run, Sample, Study
from analyses.visibility import Actor, visible_to
from emgapiv2.config import RateLimits
from emgapiv2.tests.callers import OWNER
from emgapiv2.tests.canaries import HIDDEN, YEAR
from emgapiv2.tests.crawling import lists, told

pytestmark = pytest.mark.django_db
NOUNS = {"studies": Study, "samples": Sample, "runs": Run, "assemblies": Assembly, "analyses": Analysis}
NOUNS["publications"] = Publication


@pytest.fixture
def callers(client, bearer, as_owner, configure):
    configure(api={"rate_limits": RateLimits(search=None, export=None)})
    return {"anonymous": client, "owner": as_owner(OWNER), "staff": bearer("read")}


def values(tree):
    """What a filter may ask for, as (parameter, of the hidden thing, of nothing)."""
    names, run = tree.names, tree.run
    for name in ("search", "title", "instrument_platform"):
        yield name, tree.word, "no-word"
    for hidden in (names["MGYS"], names["insdc"], *tree.study.ena_accessions):
        yield "study_accession", hidden, "PRJEB99999999"
        yield "search", hidden, "PRJEB99999999"
    for hidden in (*run.sample.ena_accessions, *run.ena_accessions, names["MGYA"]):
        yield "search", hidden, "SAMEA99999999"
    yield "instrument_platform", run.instrument_platform, "no-platform"
    yield "search", tree.study.title[:40], "no title begins so"
    if tree.kind != "unowned":  # of it the sample is public
        yield "sample_accession", names["sample"], "SAMEA99999999"
    yield "published_after", str(YEAR + 1), "2999"


def asked_for(caller, path, name, value):
    """The tag of a table is made of the question too, so that the answer need not be read."""
    status, headers, body = told(caller.get(path, {name: value}))
    return status, {**headers, "ETag": ""} if "Content-Disposition" in headers else headers, body


@pytest.mark.parametrize("who", ["anonymous", "owner", "staff"])
def test_a_filter_by_what_is_hidden_finds_what_it_finds_by_nothing(trees, callers, who):
    ask, asked = cache(partial(asked_for, callers[who])), 0
    for _, path, query in lists():
        for name, hidden, nothing in dict.fromkeys(pair for kind in HIDDEN for pair in values(trees[kind])):
            if name in query:
                asked += 1
                assert ask(path, name, hidden) == ask(path, name, nothing), (path, name, hidden)
    assert asked > 200


@pytest.mark.parametrize("who", ["anonymous", "owner", "staff"])
def test_hidden_rows_move_nothing_in_any_order(trees, callers, who):
    for operation, path, query in lists():
        model = NOUNS.get(path.split("/")[3])
        if model is None:
            continue
        public = visible_to(model, Actor.anonymous())
        public = public.filter(is_ready=True) if model is Analysis else public
        newest = public.aggregate(at=Max("updated_at"))["at"] + timedelta(milliseconds=1)
        orders = next((one["enum"] for one in query.get("order", {}).get("anyOf", []) if "enum" in one), [""])
        for order in orders:
            body = callers[who].get(path, {"order": order}).json()
            assert body["count"] == len(body["items"]) == public.count(), (operation, order)
        later = callers[who].get(path, {"updated_since": newest.isoformat(), "page_size": 1}).json()
        assert (later["count"], later["items"]) == (0, []), operation
