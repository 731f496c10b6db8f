"""Every GET, HEAD and OPTIONS, by five callers, over hidden things whose words may not be in any answer or log."""

import io
import logging
import sys
from collections import Counter

import pyarrow.parquet as pq
import pytest

from analyses.models import Analysis
from emgapiv2.config import RateLimits
from emgapiv2.tests.callers import OWNER
from emgapiv2.tests.canaries import HIDDEN, OTHER, word_of
from emgapiv2.tests.crawling import FORMATS, MISSING, details, lists, reading, told
from emgapiv2.tests.operations import PREFIX

pytestmark = pytest.mark.django_db
WORDS = [word_of(kind) for kind in (*HIDDEN, "unpublished", "automation")]
# Whose trees each caller sees where they ask for them by name; lists of everything are public for all.
SEES = {
    "anonymous": set(),
    "owner": {"owned"},
    "other": {"embargoed"},
    "staff": {"owned", "unowned", "embargoed", "unpublished", "automation"},
    "stale": set(),
}
OF_THE_CALLER = ("/my-data", "/analysis-requests", "/flow-runs", "/decisions")
ORDERED = "page=2&page_size=1&order=-updated_at"
tally = Counter()


@pytest.fixture
def callers(client, bearer, as_owner, configure):
    """A feed that waits for nobody's write, and no limit to what one may ask."""
    configure(api={"rate_limits": RateLimits(search=None, export=None), "change_horizon_seconds": 0})
    found = {"anonymous": client, "owner": as_owner(OWNER), "other": as_owner(OTHER)}
    return found | {"staff": bearer("read", "launch"), "stale": bearer(text="eyJhbGciOiJIUzI1NiJ9.e30.x")}


def texts_of(answer):
    """Body and headers as text; a table in its binary form is read."""
    _, headers, body = told(answer)
    is_parquet = headers.get("Content-Type") == "application/vnd.apache.parquet" and body
    text = str(pq.read_table(io.BytesIO(body)).to_pylist()) if is_parquet else body.decode(errors="replace")
    return f"{headers} {text}"


def look_at(url, call, caplog, *, seen):
    """:param seen: the kinds whose words may be told"""
    caplog.clear()
    answer = call(url)
    text = texts_of(answer)
    tally["answers"] += 1
    assert answer.status_code < 500, url
    assert not words_in(text + logged_of(url, caplog)) - {word_of(kind) for kind in seen}, url
    return {kind for kind in seen if word_of(kind) in text}


def words_in(text):
    return {word for word in WORDS if word in text}


def logged_of(url, caplog):
    """Less the address itself, which the caller has told."""
    return caplog.text.replace(url, "").replace(url.partition("?")[0], "")


@pytest.mark.parametrize("who", SEES)
def test_hidden_and_missing_are_the_same_answer(trees, callers, who, caplog):
    caplog.set_level(logging.DEBUG)
    caller, missing = callers[who], dict(details(MISSING, FORMATS[:1]))
    hidden = [trees[kind] for kind in HIDDEN if kind not in SEES[who]]
    absent = {(op, how): told(getattr(caller, how)(url)) for op, url in missing.items() for how in ("get", "head")}
    for tree in hidden:
        for operation, url in details(tree.names, FORMATS[:1]):
            for how in ("get", "head"):
                caplog.clear()
                found = told(getattr(caller, how)(url))
                assert found == absent[operation, how], (tree.kind, url)
                assert found[0] == (401 if who == "stale" else 404), url
                assert not words_in(logged_of(url, caplog)), url
                tally["answers"] += 1


@pytest.mark.parametrize("who", SEES)
def test_what_is_seen_says_nothing_of_what_is_not(trees, callers, who, caplog):
    caplog.set_level(logging.DEBUG)
    told_of = set()
    for kind in ({"public"} | SEES[who]) & set(trees):
        for _, url in details(trees[kind].names):
            for how in ("get", "head"):
                told_of |= look_at(url, getattr(callers[who], how), caplog, seen=SEES[who])
    for _, url in details(trees["public"].names, FORMATS[:1]):
        look_at(url, callers[who].options, caplog, seen=())
    look_at(f"{PREFIX}/super-studies/all", callers[who].get, caplog, seen=SEES[who])
    assert told_of == SEES[who] - {"unpublished", "automation"}, "the words are there for whoever may read them"


@pytest.mark.parametrize("who", SEES)
def test_lists_feeds_and_tables_say_nothing_hidden(trees, callers, who, caplog):
    caplog.set_level(logging.DEBUG)
    for operation, path, query in lists():
        own = path.removeprefix(PREFIX).startswith(OF_THE_CALLER)
        forms = [f"{path}?format={form}" for form in FORMATS] if "format" in query else [path]
        forms += [f"{path}?{ORDERED}", f"{path}?cursor=&page_size=1"] if "page" in query else []
        forms += [f"{path}?format=atom"] if operation == "feed" else []
        calls = [(how, url) for how in ("get", "head") for url in forms]
        for how, url in [*calls, ("options", path)]:
            look_at(url, getattr(callers[who], how), caplog, seen=SEES[who] if own else ())


def test_an_unpublished_analysis_is_told_to_staff_alone(trees, callers, caplog):
    names = trees["public"].names | {"MGYA": Analysis.objects.get(state="imported").accession}
    absent = dict(details(MISSING, FORMATS[:1]))
    found = [(operation, url) for operation, url in details(names, FORMATS[:1]) if names["MGYA"] in url]
    assert len(found) > 3
    for who, caller in callers.items():
        seen = look_at(f"{PREFIX}/analyses/{names['MGYA']}", caller.get, caplog, seen=SEES[who])
        assert seen == ({"unpublished"} if who == "staff" else set())
        for operation, url in found if who != "staff" else ():
            assert told(caller.get(url)) == told(caller.get(absent[operation])), (who, url)


def test_all_was_looked_at(trees, capsys):
    counts = f"{len(list(details(MISSING)))} addresses of things, {len(list(lists()))} lists, {len(SEES)} callers"
    with capsys.disabled():
        sys.stdout.write(f"\n{counts}, {len(WORDS)} words: {tally['answers']} answers\n")
    operations = {name for name, *_ in [*details(MISSING), *lists()]}
    left = {name for name, *_ in reading()} - operations
    assert left == {"get_super_study", "get_super_study_logo", "get_flow_run", "get_analysis_request"}
