"""Public things that have to do with hidden ones: what hangs on them is sifted for each caller."""

from types import SimpleNamespace

import pytest

from analyses.models import Analysis
from analyses.tests.factories import (
    make_analysis,
    make_assembly,
    make_biome,
    make_publication,
    make_run,
    make_sample,
    make_study,
)
from emgapiv2.tests.callers import OWNER
from emgapiv2.tests.operations import PREFIX
from ena.models import Sample as EnaSample

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    """A public study and one of :data:`OWNER`'s, with a sample, a paper and a co-assembly in common."""
    public, private = make_study(), make_study(level=1, owner=OWNER)
    sample = make_sample(public, private)
    named = f"{public.first_accession};{private.first_accession}"
    EnaSample.objects.filter(pk=sample.ena_sample_id).update(metadata={"study_accession": named, "lat": "1"})
    run, hidden_run = make_run(public, sample), make_run(private, sample)
    analysis = make_analysis(run, state="published")
    make_analysis(run, state="imported", pipeline_version="V6.1")
    assembly, hidden_assembly = make_assembly(run), make_assembly(run, hidden_run)
    paper = make_publication(public, private)
    return SimpleNamespace(**locals())


def accessions(caller, path, field=None):
    body = caller.get(f"{PREFIX}/{path}").json()
    return [one["accession"] for one in (body[field] if field else body["items"])]


def test_what_is_shared_names_what_the_caller_sees(client, as_owner, bearer, world):
    runs, studies = [world.run, world.hidden_run], [world.public, world.private]
    assemblies = [world.assembly, world.hidden_assembly]
    for caller, seen in ((client, 1), (as_owner("Webin-1"), 1), (as_owner(), 2), (bearer("read"), 2)):
        sample = f"samples/{world.sample.first_accession}"
        assert accessions(caller, f"{sample}/runs/") == [run.first_accession for run in runs[:seen]]
        assert accessions(caller, f"{sample}/assemblies/") == [one.first_accession for one in assemblies[:seen]]
        of_run = accessions(caller, f"runs/{world.run.first_accession}/assemblies/")
        assert of_run == [one.first_accession for one in assemblies[:seen]]
        for holder in (sample, f"publications/{world.paper.pk}"):
            assert accessions(caller, holder, "studies") == [study.accession for study in studies[:seen]]
        of_analyses = accessions(caller, f"runs/{world.run.first_accession}/analyses/")
        assert of_analyses == [world.analysis.accession], "lists hold published analyses, for staff too"


def test_the_record_of_a_shared_sample_names_no_study(client, world):
    """Which studies it is in says ``studies``, which is sifted."""
    assert client.get(f"{PREFIX}/samples/{world.sample.first_accession}").json()["metadata"] == {"lat": "1"}
    listed = client.get(f"{PREFIX}/studies/{world.public.accession}/samples/").json()["items"]
    assert [sample["metadata"] for sample in listed] == [{"lat": "1"}]


def test_a_hidden_sample_of_a_seen_analysis_is_null(client, bearer, world):
    """A run may move to another sample after its analysis was made."""
    hidden = make_sample(world.private)
    Analysis.objects.filter(pk=world.analysis.pk).update(sample=hidden)
    url = f"{PREFIX}/analyses/{world.analysis.accession}"
    assert client.get(url).json()["sample"] is None
    assert client.get(f"{PREFIX}/analyses/").json()["items"][0]["sample"] is None
    assert bearer("read").get(url).json()["sample"]["accession"] == hidden.first_accession


def test_a_lineage_is_told_in_every_nesting(client, world):
    make_biome("root")
    lineage, accession = world.public.biome.lineage, world.sample.first_accession
    assert client.get(f"{PREFIX}/samples/{accession}").json()["studies"][0]["biome"]["lineage"] == lineage
    run = client.get(f"{PREFIX}/runs/{world.run.first_accession}").json()
    assert run["study"]["biome"]["lineage"] == lineage
