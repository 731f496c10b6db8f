import pytest

from analyses.models import PipelineVersion
from analyses.tests.factories import make_analysis, make_biome, make_run, make_sample, make_study
from emgapiv2.tests.operations import PREFIX

pytestmark = pytest.mark.django_db


def listed(client, noun, **query):
    body = client.get(f"{PREFIX}/{noun}/", query).json()
    assert body["count"] == len(body["items"])
    return [item["accession"] for item in body["items"]]


def test_the_pipeline_filter_honours_every_version(client):
    studies = {}
    for version in PipelineVersion.values:
        studies[version] = make_study()
        make_analysis(make_run(studies[version]), state="published", pipeline_version=version)
    family = {"V4": ["V4", "V4.1"], "V6": ["V6", "V6.1"]}
    for version in PipelineVersion.values:
        wanted = [studies[one].accession for one in family.get(version, [version])]
        assert listed(client, "studies", has_analyses_from_pipeline=version) == wanted, version


def test_children_are_found_by_what_they_belong_to(client):
    soil = make_study(biome=make_biome("root:Environmental:Terrestrial:Soil"))
    run, other = make_run(soil), make_run(make_study())
    analysis, _ = make_analysis(run, state="published"), make_analysis(other, state="published")
    for study in (soil.accession, soil.first_accession.lower()):
        assert listed(client, "runs", study_accession=study) == [run.first_accession]
        assert listed(client, "samples", study_accession=study) == [run.sample.first_accession]
        assert listed(client, "analyses", study_accession=study) == [analysis.accession]
    assert listed(client, "analyses", sample_accession=run.sample.first_accession) == [analysis.accession]
    assert listed(client, "analyses", biome_lineage="ROOT:environmental:Terrestrial") == [analysis.accession]
    assert listed(client, "analyses", biome_lineage="no lineage") == []


def test_what_is_hidden_filters_like_what_is_not_there(client):
    public, private = make_study(), make_study(level=1)
    shared = make_sample(public, private)
    make_run(public, shared)
    for study in (private.accession, private.first_accession, "PRJEB99999999"):
        for noun in ("samples", "runs", "analyses"):
            assert listed(client, noun, study_accession=study) == []


def test_a_year_that_no_integer_holds_finds_nothing(client):
    for query in (
        {"published_after": 10**11},
        {"published_before": -(10**11)},
        {"published_after": 10**11, "cursor": ""},
    ):
        assert listed(client, "publications", **query) == []
