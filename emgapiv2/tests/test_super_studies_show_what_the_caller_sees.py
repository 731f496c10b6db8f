import pytest

from analyses.models import SuperStudy
from analyses.services.super_studies import save_super_study
from analyses.tests.factories import make_study, make_super_study
from emgapiv2.tests.callers import OWNER
from emgapiv2.tests.operations import PREFIX

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>'


def test_members_are_those_that_the_caller_sees(client, as_owner):
    public, own, suppressed = make_study(), make_study(level=1, owner=OWNER), make_study(level=2)
    url = f"{PREFIX}/super-studies/{make_super_study(public, own, suppressed, related=[make_study(level=1)]).pk}"

    def members(caller):
        body = caller.get(url).json()
        assert body["genome_catalogues"] == body["related_studies"] == []
        return [study["accession"] for study in body["flagship_studies"]]

    assert members(client) == [public.accession]
    assert members(as_owner()) == [public.accession, own.accession]
    assert client.get(f"{PREFIX}/super-studies/nothing").status_code == 404


def test_a_page_holds_fifty_and_the_latest_comes_first(client):
    for number in range(51):
        make_super_study(slug=f"s-{number}")
    body = client.get(f"{PREFIX}/super-studies/").json()
    assert (body["count"], len(body["items"]), body["items"][0]["slug"]) == (51, 50, "s-50")
    save_super_study(slug="s-0", title="New", description="", flagship=[], related=[])
    assert client.get(f"{PREFIX}/super-studies/?page_size=1").json()["items"][0]["title"] == "New"


@pytest.mark.parametrize(("logo", "kind"), [(PNG, "image/png"), (SVG, "image/svg+xml"), (None, "image/svg+xml")])
def test_a_logo_is_a_picture_that_does_nothing(client, logo, kind):
    save_super_study(slug="sea", title="Sea", description="*salt*", flagship=[], related=[], logo=logo)
    told = client.get(f"{PREFIX}/super-studies/sea").json()["logo_url"]
    assert told == f"{PREFIX}/super-studies/sea/logo"
    answer = client.get(told)
    assert (answer.status_code, answer["Content-Type"], answer["X-Content-Type-Options"]) == (200, kind, "nosniff")
    assert answer["Cache-Control"] == "public, max-age=31536000"
    assert ("sandbox" in answer.get("Content-Security-Policy", "")) is (kind != "image/png")
    assert client.get(told, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert answer.content == bytes(SuperStudy.objects.get().logo or answer.content)
