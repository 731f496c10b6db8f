import gzip
from hashlib import sha256

import pytest

from analyses.models import Sample
from analyses.tests.factories import make_run, make_study
from emgapiv2.tests.operations import PREFIX, document, gets

pytestmark = pytest.mark.django_db


def lists(client):
    """Those that anybody may read."""
    return [path for path in gets().values() if "{" not in path and client.get(path).status_code == 200]


def test_a_tag_is_that_of_the_bytes_and_saves_sending_them_again(client):
    make_study()
    for url in [*lists(client), f"{PREFIX}/openapi.json"]:
        first = client.get(url)
        assert first["ETag"] == f'"{sha256(first.content).hexdigest()[:32]}"', url
        for tags in (first["ETag"], f'"other", W/{first["ETag"]}', "*"):
            again = client.get(url, headers={"If-None-Match": tags})
            assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"]), url
        assert client.head(url, headers={"If-None-Match": first["ETag"]}).status_code == 304
        assert client.get(url, headers={"If-None-Match": '"other"'}).content == first.content


def test_public_answers_may_be_kept_and_private_ones_never(client, bearer, signed_in):
    url = f"{PREFIX}/studies/{make_study().accession}"
    assert client.get(url)["Cache-Control"] == "public, max-age=60, stale-while-revalidate=300"
    assert client.get(url)["Vary"] == "Authorization, Cookie, Accept, Accept-Encoding, Origin"
    for caller in (bearer("read"), signed_in, bearer(text="stale")):
        answer = caller.get(url, headers={"If-None-Match": "*", "Accept-Encoding": "gzip"})
        assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")
        assert not {"ETag", "Last-Modified", "Content-Encoding"} & set(answer.headers)
    for refused in (client.get(f"{PREFIX}/studies/none"), client.post(url)):
        assert refused["Cache-Control"] == "no-store"


def test_large_answers_are_compressed_and_tagged_apart(client):
    for _ in range(5):
        make_study(metadata={"study_description": "sea " * 100})
    plain = client.get(f"{PREFIX}/studies/")
    small = client.get(f"{PREFIX}/studies/", headers={"Accept-Encoding": "br, gzip"})
    assert small["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.content) == plain.content
    assert small["ETag"] == plain["ETag"].removesuffix('"') + '-gzip"'
    known = {"Accept-Encoding": "gzip", "If-None-Match": small["ETag"]}
    assert client.get(f"{PREFIX}/studies/", headers=known).status_code == 304
    short = client.get(f"{PREFIX}/samples/", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in short, "not worth it under 1 KiB"
    for unwanted in ("gzip;q=0", "br, gzip ; q=0.0, *", "identity", "xgzip"):
        assert client.get(f"{PREFIX}/studies/", headers={"Accept-Encoding": unwanted}).content == plain.content


def test_details_tell_when_they_changed(client):
    url = f"{PREFIX}/studies/{make_study().accession}"
    when = client.get(url)["Last-Modified"]
    assert client.get(url, headers={"If-Modified-Since": when}).status_code == 304
    assert client.get(url, headers={"If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}).status_code == 200


def test_what_is_nested_changes_by_a_time_of_its_own(client):
    run = make_run(make_study())
    url = f"{PREFIX}/runs/{run.first_accession}"
    when = client.get(url)["Last-Modified"]
    Sample.objects.filter(pk=run.sample_id).update(sample_title="anew")
    assert client.get(url, headers={"If-Modified-Since": when}).json()["sample"]["sample_title"] == "anew"


def test_options_says_what_may_be_sent(client):
    for path, methods in document()["paths"].items():
        answer = client.options(path.replace("{", "").replace("}", ""))
        if "_id}" in path:
            continue  # that is no id: there is no such address
        assert (answer.status_code, answer.content) == (204, b""), path
        allowed = set(answer["Allow"].split(", "))
        assert {method.upper() for method in methods} <= allowed, path
        assert ("HEAD" in allowed) == ("get" in methods), path
    assert client.options(f"{PREFIX}/nothing").status_code == 404
