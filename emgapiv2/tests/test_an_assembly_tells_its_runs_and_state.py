import pytest

from analyses.models import Assembler
from analyses.tests.factories import make_analysis, make_assembly, make_run, make_sample, make_study
from emgapiv2.tests.operations import PREFIX

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(db):
    """Of two runs, in a study of its own."""
    study = make_study()
    runs = [make_run(study, make_sample(study)) for _ in range(2)]
    assembler = Assembler.objects.create(name="flye", version="2.9")
    fields = {"assembler": assembler, "metadata": {"coverage": 2.5}}
    return make_assembly(*reversed(runs), assembly_study=make_study(), state="planned", **fields)


def test_an_assembly_tells_its_runs_and_state(client, made):
    body = client.get(f"{PREFIX}/assemblies/{made.first_accession.lower()}").json()
    runs = [link.run.first_accession for link in made.run_links.order_by("position")]
    assert (body["run_accession"], body["run_accessions"]) == (runs[0], runs)
    assert body["reads_study_accession"] == made.reads_study.accession
    assert body["assembly_study_accession"] == made.assembly_study.accession
    assert body["sample_accession"] == made.sample.first_accession
    assert (body["assembler_name"], body["assembler_version"], body["metadata"]) == ("flye", "2.9", {"coverage": 2.5})
    assert body["status"]["assembly_started"] is False


def test_an_assembly_is_in_the_lists_of_all_that_it_was_made_of(client, made):
    run, accession = made.runs.first(), made.first_accession
    for path in (
        f"runs/{run.first_accession}",
        f"samples/{made.sample.first_accession}",
        f"studies/{made.reads_study.accession}",
        f"studies/{made.assembly_study.accession}",
    ):
        items = client.get(f"{PREFIX}/{path}/assemblies/").json()["items"]
        assert [one["accession"] for one in items] == [accession], path
    assert client.get(f"{PREFIX}/studies/{made.reads_study.accession}/runs/").json()["count"] == 2


def test_lists_are_narrowed_by_study_and_assembler(client, made):
    make_assembly(make_run(make_study()))

    def count(**query):
        return client.get(f"{PREFIX}/assemblies/", query).json()["count"]

    assert (count(), count(assembler_name="flye"), count(assembler_name="spades")) == (2, 1, 0)
    assert {count(study_accession=one.accession) for one in (made.reads_study, made.assembly_study)} == {1}
    assert count(study_accession="MGYS99999999") == 0


def test_an_analysis_of_an_assembly_tells_the_assembly_and_all_its_runs(client, made):
    analysis = make_analysis(made, state="published")
    make_analysis(made, state="imported", pipeline_version="V6.1")
    listed = client.get(f"{PREFIX}/assemblies/{made.first_accession}/analyses").json()
    assert [one["accession"] for one in listed["items"]] == [analysis.accession]
    body = client.get(f"{PREFIX}/analyses/{analysis.accession}").json()
    assert (body["run"], body["assembly"]["accession"]) == (None, made.first_accession)
    assert [run["accession"] for run in body["read_run"]] == [
        link.run.first_accession for link in made.run_links.order_by("position")
    ]
    named = client.get(f"{PREFIX}/accessions/{made.first_accession}").json()
    assert (named["kind"], named["accession"]) == ("assembly", made.first_accession)
