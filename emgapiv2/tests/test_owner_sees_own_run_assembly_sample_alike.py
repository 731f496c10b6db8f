import pytest

from analyses.tests.factories import make_analysis, make_run, make_sample, make_study
from emgapiv2.tests.callers import OWNER
from emgapiv2.tests.operations import PREFIX, gets
from emgapiv2.tests.test_a_stale_token_does_not_break_public_pages import make_tree, urls

pytestmark = pytest.mark.django_db
OTHER = "Webin-99900002"
MY_STUDIES = f"{PREFIX}/my-data/studies"


def test_owner_sees_own_run_assembly_sample_alike(as_owner, client):
    own = make_tree(level=1, owner=OWNER)
    for operation, url in urls(own):
        answer = as_owner(OWNER).get(url)
        assert answer.status_code == 200, operation
        assert answer["Cache-Control"] == "private, no-store", operation
        assert answer.json().get("count", 1) or operation.endswith("_of_type") or "genome" in operation, operation
        assert [one.get(url).status_code for one in (as_owner(OTHER), client)] == [404, 404], operation


@pytest.mark.parametrize(
    "study", [{"level": 2, "owner": OWNER}, {"level": 1, "owner": None}, {"level": 1, "owner": OTHER}]
)
def test_owner_never_gets_500(as_owner, study):
    for operation, url in urls(make_tree(**study)):
        assert as_owner(OWNER).get(url).status_code == 404, operation
    for operation, path in gets().items():
        if "{" not in path:
            assert as_owner(OWNER).get(path).status_code in {200, 401}, operation


def test_lists_stay_public_for_an_owner(as_owner):
    make_tree(level=1, owner=OWNER)
    make_tree()
    for noun in ("studies", "samples", "runs", "assemblies", "publications"):
        assert as_owner(OWNER).get(f"{PREFIX}/{noun}/").json()["count"] == 1, noun
    assert as_owner(OWNER).get(f"{PREFIX}/analyses/").json()["count"] == 2


def test_a_shared_sample_tells_an_owner_of_their_own_besides(as_owner):
    public, own = make_study(), make_study(level=1, owner=OWNER)
    sample = make_sample(public, own, make_study(level=1, owner=OTHER))
    make_analysis(make_run(own, sample), state="published")
    url = f"{PREFIX}/samples/{sample.first_accession}"
    seen = {study["accession"] for study in as_owner(OWNER).get(url).json()["studies"]}
    assert seen == {public.accession, own.accession}


def test_my_data_are_all_studies_that_are_mine(as_owner, client, bearer, signed_in):
    studies = {who: make_study(level=1, owner=who) for who in (OWNER, OTHER)}
    public = make_study(owner=OWNER)
    make_study()
    unowned = make_study(level=1)
    make_study(level=2, owner=OWNER)

    def told(caller, query=""):
        return {one["accession"] for one in caller.get(f"{MY_STUDIES}{query}").json()["items"]}

    mine = studies[OWNER].accession
    assert told(as_owner(OWNER)) == told(as_owner(OWNER), "/?page=1") == {mine, public.accession}
    assert told(as_owner(OWNER), "?private_only=true") == {mine}
    assert told(as_owner("Webin-1")) == set()
    private = {mine, studies[OTHER].accession, unowned.accession}
    for staff in (bearer("read"), signed_in):
        assert told(staff, "?private_only=true") == private
    assert client.get(MY_STUDIES).status_code == 401
    assert bearer("launch").get(MY_STUDIES).status_code == 403
