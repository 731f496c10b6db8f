import pytest
from django.db import connection

from analyses.models import Assembly, AssemblyEvent, Run, Sample, Study, Withdrawal
from analyses.services.choose_reads_study import choose_reads_study, suggest_reads_study
from analyses.services.refresh_study import refresh_study
from analyses.tests.factories import make_assembly
from ena.models import SyncRun

pytestmark = pytest.mark.django_db


def refresh(accession="PRJEB99900003"):
    study = refresh_study(accession=accession, actor="test")
    connection.check_constraints()
    return study


def runs_of(number):
    links = Assembly.objects.get(first_accession=f"ERZ9990000{number}").run_links.order_by("position")
    return [link.run.first_accession for link in links]


def test_a_coassembly_has_all_its_runs_in_order_and_they_come_with_their_study(standin):
    study = refresh()
    assert {one.first_accession for one in study.assemblies.all()} == {f"ERZ9990000{n}" for n in range(1, 7)}
    assert (runs_of(3), runs_of(1), runs_of(4)) == (["ERR999000011", "ERR999000012"], ["ERR999000011"], [])
    reads = Study.objects.get(first_accession="ERP999002")
    assert set(Run.objects.values_list("study", flat=True)) == {reads.pk}
    assert reads.runs.count() == 3  # those that are named, not the fourth
    made_of = dict(study.assemblies.values_list("first_accession", "reads_study"))
    assert {one for one in made_of if made_of[one] is None} == {"ERZ99900004"}
    assert set(study.assemblies.values_list("origin", "state")) == {("ena", "external")}
    assert AssemblyEvent.objects.count() == 6


def test_an_assembly_of_two_samples_makes_no_one_sample_of_them(standin):
    record = standin.server.dataset.find("ERZ99900003")[1]
    two = ["SAMEA999000001", "SAMEA999000002"]
    record |= {"sample_accession": ";".join(two), "secondary_sample_accession": "ERS99900001;ERS99900002"}
    refresh()
    named = Sample.objects.filter(first_accession__in=two).order_by("first_accession")
    assert list(named.values_list("ena_accessions", flat=True)) == [[one] for one in two]
    assert Assembly.objects.get(first_accession="ERZ99900003").sample == named[0]


def test_another_accession_of_an_assembly_stays(standin):
    refresh()
    names = ["ERZ99900001", "GCA_999000001.1"]
    Assembly.objects.filter(first_accession="ERZ99900001").update(ena_accessions=names)
    refresh()
    assert Assembly.objects.get(first_accession="ERZ99900001").ena_accessions == names


def test_a_run_that_ena_does_not_show_is_a_line_in_the_report(standin):
    refresh()
    assert runs_of(6) == ["ERR999000013"]
    report = SyncRun.objects.get(kind="assemblies").report["mirror"]
    assert report["broken"] == ["ERZ99900006: ENA shows no run ERR999000099"]


def test_a_new_order_is_stored_and_nothing_else_is_written(standin):
    refresh()
    Run.objects.filter(first_accession="ERR999000012").update(own_visibility=2)
    before = dict(Assembly.objects.values_list("first_accession", "updated_at"))
    links = set(Assembly.objects.exclude(first_accession="ERZ99900003").values_list("run_links__pk", flat=True))
    standin.server.dataset.find("ERZ99900003")[1]["run_accession"] = "ERR999000012;ERR999000011"
    refresh()
    assert runs_of(3) == ["ERR999000012", "ERR999000011"]
    assert Withdrawal.objects.filter(accession="ERZ99900003").count() == 1  # once hidden, never shown on the way
    after = dict(Assembly.objects.values_list("first_accession", "updated_at"))
    assert {name for name in after if after[name] != before[name]} == {"ERZ99900003"}
    assert set(Assembly.objects.exclude(first_accession="ERZ99900003").values_list("run_links__pk", flat=True)) == links
    assert AssemblyEvent.objects.count() == 6


def test_a_blank_column_takes_no_runs_away(standin):
    refresh()
    standin.set_faults(
        [{"match": {"result": "analysis"}, "action": "blank_field", "field": "run_accession", "times": None}]
    )
    refresh()
    assert runs_of(3) == ["ERR999000011", "ERR999000012"]


def test_a_private_assembly_is_private_with_its_runs(standin):
    study = refresh("PRJEB99900004")
    (assembly,) = study.assemblies.all()
    assert (assembly.visibility, assembly.reads_study, assembly.runs.count()) == (1, study, 1)
    standin.set_state("PRJEB99900004", "public")
    refresh("PRJEB99900004")
    assembly.refresh_from_db()
    assert assembly.visibility == 0


def test_a_title_only_suggests_the_reads_study(standin):
    study = refresh()
    assert suggest_reads_study(study=study) == "PRJEB99900002"
    assembly = Assembly.objects.get(first_accession="ERZ99900004")
    choose_reads_study(study=study, reads_study=Study.objects.get(first_accession="ERP999002"))
    refresh()
    assembly.refresh_from_db()
    assert assembly.reads_study.first_accession == "ERP999002"
    study.title = "EMG produced TPA metagenomics assembly of the human gut data set."
    assert suggest_reads_study(study=study) is None


def test_an_assembly_of_ours_stays_ours_when_ena_lists_it(standin):
    run = refresh("PRJEB99900002").runs.get(first_accession="ERR999000011")
    assembly = make_assembly(run, accession="ERZ99900001", state="uploaded")
    standin.server.dataset.find("ERZ99900001")[1]["run_accession"] = ""
    study = refresh()
    assembly.refresh_from_db()
    assert (assembly.origin, assembly.state, runs_of(1)) == ("mgnify", "uploaded", ["ERR999000011"])
    assert (assembly.assembly_study, assembly.reads_study) == (study, run.study)


def test_a_virtual_sample_has_its_parts(standin):
    refresh()
    virtual = Sample.objects.get(first_accession="SAMEA999000014")
    said = set(virtual.relations.values_list("related_sample__first_accession", "relation_type"))
    assert said == {("SAMEA999000011", "composed_of"), ("SAMEA999000012", "composed_of")}
    part = Sample.objects.get(first_accession="SAMEA999000011")
    record = standin.server.dataset.find("SAMEA999000014")[1]
    record["related_sample_accession"] = (
        "SAMEA999000011:derived_from;SAMEA999000014:same_as;SAMEA999000017:no_such_word"
    )
    refresh()
    assert list(virtual.relations.values_list("related_sample", "relation_type")) == [(part.pk, "derived_from")]
    record["related_sample_accession"] = ""
    refresh()
    assert not virtual.relations.exists()


def test_a_part_that_is_only_named_is_hidden_until_a_study_shows_it(standin):
    standin.server.dataset.find("SAMEA999000014")[1]["related_sample_accession"] = "SAMEA999000001:composed_of"
    refresh()
    part = Sample.objects.get(first_accession="SAMEA999000001")
    assert (part.visibility, part.ena_sample.metadata) == (2, {})
    refresh("PRJEB99900001")
    part.refresh_from_db()
    assert (part.visibility, part.sample_title) == (0, "MADE UP sample 1")
