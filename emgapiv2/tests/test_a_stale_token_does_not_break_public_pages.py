"""A token of somebody who was signed in once: public pages go on, and only what needs a person says so."""

import time
from types import SimpleNamespace

import pytest
from django.test import Client

from analyses.tests.factories import make_analysis, make_assembly, make_publication, make_run, make_study
from emgapiv2.api import sliding
from emgapiv2.tests.callers import OWNER
from emgapiv2.tests.operations import PREFIX, gets

pytestmark = pytest.mark.django_db
MISSING = {
    "MGYS": "MGYS99999999",
    "MGYA": "MGYA99999999",
    "insdc": "PRJEB99999",
    "sample": "SAMEA9",
    "run": "ERR999999",
    "assembly": "ERZ999999",
}
KEYS = {"insdc": "insdc", "studies": "MGYS", "analyses": "MGYA", "samples": "sample", "runs": "run"}
KEYS["assemblies"] = "assembly"


def make_tree(**study):
    analysis = make_analysis(make_run(make_study(**study)), state="published")
    names = {"MGYS": analysis.study.accession, "insdc": analysis.study.first_accession, "MGYA": analysis.accession}
    make_publication(analysis.study)
    assembly = make_assembly(analysis.run, assembly_study=analysis.study)
    make_analysis(assembly, state="published")
    names["assembly"] = assembly.first_accession
    return names | {"sample": analysis.sample.first_accession, "run": analysis.run.first_accession}


@pytest.fixture
def world(db):
    return SimpleNamespace(public=make_tree(), own=make_tree(level=1, owner=OWNER), missing=MISSING)


@pytest.fixture(params=["expired", "revoked"])
def stale(request, db, monkeypatch):
    then = time.time() - 25 * 3600 * (request.param == "expired")
    with monkeypatch.context() as earlier:
        earlier.setattr(sliding.time, "time", lambda: then)
        token = sliding.issue_sliding_token(account=OWNER)
    if request.param == "revoked":
        sliding.revoke_sliding_token(token=token)
    return Client(headers={"Authorization": f"Bearer {token}"}, raise_request_exception=False)


def urls(names):
    """Each GET on one thing that anybody may ask for."""
    for operation, path in gets().items():
        noun = "insdc" if "/insdc/" in path else path.split("/")[3]
        if "{accession}" in path and noun in KEYS:
            yield operation, path.format(accession=names[KEYS[noun]], annotation_type="pfams")


def test_a_stale_token_does_not_break_public_pages(world, stale, client):
    lists = [(noun, f"{PREFIX}/{noun}/") for noun in ("studies", "samples", "runs", "analyses", "biomes")]
    for operation, url in [*lists, *urls(world.public)]:
        answer = stale.get(url)
        assert answer.status_code == 200, operation
        assert answer.json() == client.get(url).json(), operation
        assert answer["WWW-Authenticate"] == 'Bearer error="invalid_token"', operation


def test_unseen_and_absent_are_401_alike(world, stale):
    missing = dict(urls(world.missing))
    for operation, url in urls(world.own):
        unseen, absent = stale.get(url), stale.get(missing[operation])
        assert (unseen.status_code, unseen.json()["code"]) == (401, "token_not_valid"), operation
        told = [
            (one.status_code, {**one.json(), "request_id": ""}, one["WWW-Authenticate"]) for one in (unseen, absent)
        ]
        assert told[0] == told[1], operation


def test_what_needs_a_person_asks_for_one(stale):
    for answer in (stale.get(f"{PREFIX}/my-data/studies"), stale.get(f"{PREFIX}/auth/tokens/")):
        assert (answer.status_code, answer.json()["detail"]) == (401, "Unauthorized")
        assert answer["WWW-Authenticate"] == 'Bearer error="invalid_token"'
