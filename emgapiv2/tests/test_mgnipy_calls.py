"""``mgnipy``, as the registry has it and with only its base URL set, shows its users what our API holds."""

import asyncio

import mgnipy
import pytest
from mgnipy.emgapi_v2_client import Client
from mgnipy.emgapi_v2_client.api.authentication import token_obtain_sliding, token_refresh_sliding
from mgnipy.emgapi_v2_client.models import WebinTokenRefreshRequest, WebinTokenRequest

from analyses.models import Run
from emgapiv2.tests.callers import OWNER
from ena.tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
# What it can follow from a thing to its lists, by what the catalogue of the tests calls the thing.
RELATED = [
    ("study", "study", "samples", "sample"),
    ("study", "study", "analyses", "analysis"),
    ("study", "study", "publications", "paper"),
    ("sample", "sample", "runs", "run"),
    ("sample", "assembled_sample", "assemblies", "assembly"),
    ("run", "run", "analyses", "analysis"),
    ("run", "assembled_run", "assemblies", "assembly"),
    ("assembly", "assembly", "analyses", "assembly_analysis"),
]
THINGS = ["study", "sample", "run", "analysis", "assembly"]


@pytest.fixture
def client(site, monkeypatch, tmp_path):
    """Its request for counts reads the address from the environment alone, and its files stay with the test."""
    monkeypatch.setenv("BASE_URL", site)
    monkeypatch.chdir(tmp_path)
    with mgnipy.MGnipy(cache_dir=None) as client:
        yield client


@pytest.mark.parametrize("resource", ["biomes", "studies", "samples", "analyses", "assemblies", "publications"])
def test_a_list_is_a_table_with_all_rows(client, resource):
    found = getattr(client, resource).get_all(hide_progress=True)
    table = found.search_results.to_pandas()
    assert len(table) == found.count > 0
    assert len(set(found.search_results.ids)) == found.count


@pytest.mark.parametrize("at_once", [False, True])
def test_pages_are_met_once_and_those_beyond_the_end_are_empty(client, at_once):
    runs = client.runs
    if at_once:
        asyncio.run(runs.aget_all(hide_progress=True))
    else:
        runs.get_all(hide_progress=True)
    public = Run.objects.filter(visibility=0).values_list("first_accession", flat=True)
    assert sorted(runs.search_results.ids) == sorted(public)
    assert runs.num_requests == len(runs.search_results.pages) == -(-len(public) // 25)


def test_a_small_page_is_as_small_as_asked(client):
    runs = client.runs.page_size(7)
    assert len(runs.page(2)) == 7
    assert runs.num_requests == -(-runs.count // 7)


@pytest.mark.parametrize("thing", THINGS)
def test_a_thing_is_found_by_its_accession(client, catalogue, thing):
    detail = getattr(client, thing)(catalogue[thing])
    assert detail.first()[0]["accession"] == catalogue[thing]
    assert detail.search_results.to_pandas().loc[0, "accession"] == catalogue[thing]


@pytest.mark.parametrize("related", RELATED, ids=[f"{thing}-{resource}" for thing, _, resource, _ in RELATED])
def test_what_belongs_to_a_thing_follows_from_it(client, catalogue, related):
    thing, name, resource, expected = related
    detail = getattr(client, thing)(catalogue[name])
    detail.get()
    children = getattr(detail, resource)
    assert catalogue[expected] in children.search_results.ids
    assert children.count == len(children.search_results.ids)


def test_filters_mean_what_they_say(client, catalogue):
    soil = client.studies(search="amplicon study of soil").get_all(hide_progress=True)
    assert soil.search_results.ids == [catalogue["study"]]
    nothing = client.studies(search="no study says this")
    assert (nothing.first(), nothing.count) == ([], 0)


def test_files_are_a_table(client, catalogue):
    analysis = client.analysis(catalogue["analysis"])
    analysis.get()
    files = analysis.downloads_df()
    assert files.loc[0, ["alias", "file_type", "pipeline_version"]].tolist() == ["ssu.tsv", "tsv", "v6"]
    assert files.loc[0, "url"].endswith("/taxonomy/ssu.tsv")


def test_paper_and_genomes(client, catalogue):
    assert client.publication(catalogue["paper"]).first()[0]["title"] == "Of soil"
    assembly = client.assembly(catalogue["assembly"])
    assembly.get()
    assert assembly.genomes.count == 0


def test_what_is_hidden_is_no_answer(client, catalogue):
    assert client.study(catalogue["private_study"]).first() in (None, [None])


def test_an_owner_signs_in_and_reads_their_own(site, client, catalogue, monkeypatch):
    """By the calls of its client: its own ``obtain_auth_token`` takes the answer for a dict, which it is not."""
    with Client(base_url=site) as anybody:
        right = WebinTokenRequest(username=OWNER, password=PASSWORD)
        token = token_obtain_sliding.sync(client=anybody, body=right).token
        renewed = token_refresh_sliding.sync(client=anybody, body=WebinTokenRefreshRequest(token=token)).token
    monkeypatch.setenv("AUTH_TOKEN", renewed)  # as users do: its request for counts reads it nowhere else
    owner = mgnipy.MGnipy(cache_dir=None)
    assert owner.config.verify_auth_token()
    assert not owner.config.verify_auth_token("eyJhbGciOiJIUzI1NiJ9.e30.x")
    assert owner.study(catalogue["private_study"]).first()[0]["accession"] == catalogue["private_study"]
    assert owner.private_studies.page(1)[0]["accession"] == catalogue["private_study"]
