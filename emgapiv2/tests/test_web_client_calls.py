"""The calls of the official web client, replayed at both prefixes: every field that it reads is there."""

import tomllib
from itertools import product
from pathlib import Path

import jwt
import pytest
import requests

from emgapiv2.tests.callers import OWNER
from emgapiv2.tests.served import PREFIXES
from ena.tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db  # without it the database of the tests is not made
CALLS = tomllib.loads(Path(__file__).with_name("web_client_calls.toml").read_text())["call"]
ORIGIN = {"Origin": "https://www.ebi.ac.uk"}


@pytest.fixture(scope="module")
def token(site):
    return post(site, "/auth/sliding", {"username": OWNER, "password": PASSWORD}).json()["token"]


@pytest.fixture
def signed_in(token):
    return ORIGIN | {"Authorization": f"Bearer {token}"}


def get(site, path, params=None, headers=ORIGIN, prefix=PREFIXES[0]):
    url = f"{site}/{prefix.strip('/')}{path}"
    return requests.get(url, params=params, headers=headers, allow_redirects=False, timeout=30)


def post(site, path, body, headers=ORIGIN):
    return requests.post(f"{site}/{PREFIXES[0].strip('/')}{path}", json=body, headers=headers, timeout=30)


def values_at(node, names, *, is_open):
    """What a field holds, in each item of the lists on the way; nothing below null.

    :param is_open: the object with the field is an open map, which may be without it
    :raises KeyError: an object without the field
    """
    if isinstance(node, list):
        return [value for one in node for value in values_at(one, names, is_open=is_open)]
    name, *rest = names
    if node is None:
        return []
    if rest:
        return values_at(node[name], rest, is_open=is_open)
    return [node.get(name) if is_open else node[name]]


@pytest.mark.parametrize("call", CALLS, ids=[call["path"] for call in CALLS])
def test_every_field_that_it_reads_is_there(call, site, catalogue, signed_in):
    path = call["path"].format(**catalogue)
    for headers, prefix in product((ORIGIN, signed_in), PREFIXES):
        answer = get(site, path, call.get("params"), headers, prefix)
        assert answer.status_code == 200, answer.text
        for field in call["reads"]:
            found = values_at(answer.json(), field.rstrip("!?").split("."), is_open=field.endswith("?"))
            assert None not in found or not field.endswith("!"), field
            assert any(value is not None for value in found), f"{field} says nothing"
        if headers is ORIGIN:
            assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_refused_sign_in_says_why_in_a_sentence(site):
    answer = post(site, "/auth/sliding", {"username": OWNER, "password": "wrong"})
    assert (answer.status_code, answer.json()["detail"]) == (401, "Invalid credentials")


def test_it_reads_the_token_and_renews_it_at_page_load(site, token):
    renewed = post(site, "/auth/sliding/refresh", {"token": token}).json()["token"]
    claims = jwt.decode(renewed, options={"verify_signature": False})
    assert (claims["username"], claims["token_type"]) == (OWNER, "sliding")
    assert claims["exp"] > claims["iat"]


def test_an_owner_sees_and_asks_for_their_own(site, catalogue, signed_in):
    mine = get(site, "/my-data/studies", headers=signed_in).json()
    assert (mine["count"], mine["items"][0]["accession"]) == (1, catalogue["private_study"])
    assert values_at(mine, ["items", "biome", "lineage"], is_open=False)
    assert get(site, f"/studies/{catalogue['private_study']}", headers=signed_in).status_code == 200
    wish = {"study_accession": catalogue["private_study"], "analysis_type": "amplicon", "request_type": "Private"}
    answer = post(site, "/my-data/request", wish | {"comments": "please"}, signed_in)
    assert (answer.status_code, type(answer.json()["message"])) == (200, str)


def test_an_insdc_accession_is_unknown_as_a_study_and_known_beside(site, catalogue):
    assert get(site, f"/studies/{catalogue['insdc']}").status_code == 404
    assert get(site, f"/studies/insdc/{catalogue['insdc']}").json() == {"accession": catalogue["study"]}


def test_a_table_is_downloaded_page_by_page_until_all_rows_are_there(site):
    rows, page, count = [], 1, 1
    while len(rows) < count:
        body = get(site, "/runs/", {"page": page}).json()
        rows, count, page = rows + body["items"], body["count"], page + 1
    assert len(rows) == len({row["accession"] for row in rows}) == count > 1000


def test_a_logo_is_fetched_from_the_origin(site, catalogue):
    told = get(site, f"/super-studies/{catalogue['super_study']}").json()["logo_url"]
    assert requests.get(site + told, timeout=30).headers["Content-Type"].startswith("image/")


def test_a_browser_may_send_what_it_sends(site):
    sent = "content-type,accept,authorization,x-csrftoken,sentry-trace,baggage"
    asked = ORIGIN | {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": sent}
    answer = requests.options(f"{site}/{PREFIXES[0]}studies/", headers=asked, timeout=30)
    assert answer.status_code == 204
    assert set(sent.split(",")) <= {
        one.strip().lower() for one in answer.headers["Access-Control-Allow-Headers"].split(",")
    }
