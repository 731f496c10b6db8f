import base64
import hashlib
import hmac
import time

import pytest
from pydantic import SecretStr

from analyses.tests.factories import make_analysis, make_download, make_run, make_study
from emgapiv2.api.signing import Verdict, signed_url, verify
from emgapiv2.config import Downloads
from emgapiv2.tests.operations import PREFIX

KEYS = {"new": SecretStr("secret of the new key"), "old": SecretStr("secret of the old key")}
NOW, PATH, HOLDER = 1_800_000_000, "MGYS1/run 1/ssu.tsv", "owner:Webin-1"


@pytest.fixture
def scheme(settings):
    def use(name, keys=KEYS):
        downloads = Downloads(signature=name, signing_keys=keys, private_data_url_root="https://files.example/private/")
        settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={"downloads": downloads})

    use("v2")
    return use


def asked(now=NOW):
    return signed_url(PATH, holder=HOLDER, now=now).removeprefix("https://files.example")


def test_v1_is_what_the_present_file_server_computes(scheme):
    scheme("v1")
    token = hmac.new(b"secret of the new key", f"{PATH}{NOW + 3600}".encode(), hashlib.sha256).hexdigest()
    wanted = f"/private/MGYS1/run%201/ssu.tsv?expires={NOW + 3600}&token={token}"
    assert asked() == wanted
    assert verify(wanted, method="GET", now=NOW) is Verdict.GOOD


def test_v2_signs_every_component_on_its_own_line(scheme):
    sub = hashlib.blake2b(HOLDER.encode(), digest_size=8).hexdigest()
    message = f"v2\nnew\nGET\n{PATH}\n{NOW + 900}\n{sub}\n"
    digest = hmac.new(b"secret of the new key", message.encode(), hashlib.sha256).digest()
    signature = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    query = f"v=2&kid=new&expires={NOW + 900}&sub={sub}&sig={signature}"
    assert asked() == f"/private/MGYS1/run%201/ssu.tsv?{query}"
    for method, verdict in {"GET": 204, "HEAD": 204, "PUT": 403}.items():
        assert verify(asked(), method=method, now=NOW) == verdict, method


CHANGES = {
    "another file": ("ssu.tsv", "lsu.tsv"),
    "a directory": ("/ssu.tsv", "/"),
    "encoded twice": ("%20", "%2520"),
    "another root": ("/private/", "/public/"),
    "a way up": ("/run%201/", "/run%201/../run%201/"),
    "an encoded way up": ("/run%201/", "/run%201/%2E%2E/run%201/"),
    "an empty segment": ("/run%201/", "//run%201/"),
    "a backslash": ("/run%201/", "/run%201/..\\"),
    "a NUL": ("ssu.tsv", "ssu.tsv%00"),
    "no text": ("ssu.tsv", "ssu%FF.tsv"),
    "another host": ("/private/", "//["),
    "a tab": ("ssu.tsv", "ssu.\ttsv"),
    "a raw number sign": ("ssu.tsv", "ssu.tsv#x"),
    "an encoded slash and more": ("/ssu.tsv", "%2F.%2Fssu.tsv"),
    "letters in another form": ("ssu.tsv", "s%CC%88su.tsv"),
    "a later end": ("expires=1", "expires=2"),
    "an end of other digits": ("expires=1", "expires=+1"),
    "no end": ("expires=", "expired="),
    "two ends": ("expires=", "expires=1&expires="),
}
OF_V2 = {
    "another key": ("kid=new", "kid=old"),
    "an unknown key": ("kid=new", "kid=none"),
    "another holder": ("sub=", "sub=0"),
    "another version": ("v=2", "v=1"),
    "another signature": ("sig=", "sig=A"),
    "no signature": ("sig=", "gis="),
}
OF_V1 = {"another token": ("token=", "token=0"), "no token": ("token=", "nekot="), "no ASCII": ("token=", "token=é")}


@pytest.mark.parametrize(("name", "changes"), [("v1", CHANGES | OF_V1), ("v2", CHANGES | OF_V2)])
def test_each_component_changed_is_403(scheme, name, changes):
    scheme(name)
    for what, (old, new) in changes.items():
        assert old in asked(), what
        assert verify(asked().replace(old, new, 1), method="GET", now=NOW) is Verdict.FORBIDDEN, what


@pytest.mark.parametrize(("name", "seconds"), [("v1", 3600), ("v2", 900)])
def test_what_is_over_is_410_and_what_lies_far_ahead_403(scheme, name, seconds):
    scheme(name)
    for later, verdict in {0: 204, seconds: 204, seconds + 1: 410, -61: 403}.items():
        assert verify(asked(), method="GET", now=NOW + later) == verdict, later


def test_one_scheme_at_a_time_and_two_keys(scheme):
    v2 = asked()
    scheme("v1")
    assert verify(v2, method="GET", now=NOW) is Verdict.FORBIDDEN
    v1 = asked()
    scheme("v2", dict(reversed(KEYS.items())))
    assert verify(v1, method="GET", now=NOW) is Verdict.FORBIDDEN
    assert verify(v2, method="GET", now=NOW) is Verdict.GOOD, "the key before is good while it is listed"
    scheme("v2", {"old": KEYS["old"]})
    assert verify(v2, method="GET", now=NOW) is Verdict.FORBIDDEN


@pytest.fixture
def private_file(db, scheme):
    analysis = make_analysis(make_run(make_study(level=1)), state="published")
    make_download(analysis, index_files=[{"index_type": "fai", "path": "taxonomy/ssu.tsv.fai"}])
    return f"{PREFIX}/analyses/{analysis.accession}"


def is_let_in(client, url):
    headers = {"X-Original-URI": url.removeprefix("https://files.example"), "X-Original-Method": "GET"}
    return client.get(f"{PREFIX}/files/verify", headers=headers).status_code == 204


def test_who_sees_a_private_analysis_can_fetch_its_files(client, bearer, private_file):
    staff = bearer("read")
    detail = staff.get(private_file)
    file = detail.json()["downloads"][0]
    assert is_let_in(client, file["url"])
    assert is_let_in(client, file["index_files"][0]["url"]), "signed one by one"
    assert detail.json()["results_dir"] is None, "a directory is never signed"
    assert file["permanent_url"].endswith("/downloads/ssu.tsv")
    for caller, status in ((client, 404), (staff, 302)):
        assert caller.get(f"{private_file}/downloads/ssu.tsv").status_code == status
    moved = staff.head(f"{private_file}/downloads/ssu.tsv")
    assert is_let_in(client, moved["Location"])
    assert (moved["X-File-Size"], moved["Repr-Digest"]) == ("10", f"sha-256=:{'A' * 43}=:")
    assert not is_let_in(client, file["url"] + "0")


def test_signed_addresses_are_in_no_list_and_no_cache(client, scheme, db):
    """A study was released, and its files are still on their way to the public area."""
    analysis = make_analysis(make_run(make_study()), state="published", results_area="private")
    make_download(analysis)
    detail = client.get(f"{PREFIX}/analyses/{analysis.accession}")
    assert "sig=" in detail.json()["downloads"][0]["url"]
    assert detail["Cache-Control"] == "private, no-store"
    assert "ETag" not in detail
    listed = client.get(f"{PREFIX}/analyses/").json()["items"][0]["downloads"][0]
    assert listed["url"] is None
    assert client.get(listed["permanent_url"])["Location"].startswith("https://files.example/private/")


def test_signed_links_can_be_renewed(client, scheme, private_file, bearer, monkeypatch):
    staff, url = bearer("read"), f"{private_file}/downloads/ssu.tsv"
    first = staff.get(url)["Location"]
    later = time.time() + 901
    monkeypatch.setattr("time.time", lambda: later)
    assert not is_let_in(client, first)
    assert is_let_in(client, staff.get(url)["Location"])
