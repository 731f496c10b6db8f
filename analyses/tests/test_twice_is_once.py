import pytest
from django.db import connection

from analyses.models import Run, Sample, Study
from analyses.services.refresh_study import refresh_study
from ena.models import Accession, VisibilityEvent

pytestmark = pytest.mark.django_db
TABLES = ["ena_sample", "ena_accession", "analyses_study", "analyses_sample", "analyses_samplestudy", "analyses_run"]


def refresh():
    return refresh_study(accession="PRJEB99900001", actor="test")


def versions():
    """Where each row lies: a row that is written anew, even with the same values, moves."""
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT ctid::text FROM {table} ORDER BY 1")
            yield table, cursor.fetchall()


def test_twice_is_once_and_unchanged_rows_are_not_rewritten(standin):
    study = refresh()
    before = dict(versions())
    assert refresh() == study
    assert dict(versions()) == before
    assert (study.runs.count(), study.samples.count(), Study.objects.count()) == (4, 3, 1)
    assert VisibilityEvent.objects.count() == 1
    assert study.ena_accessions == ["ERP999001", "PRJEB99900001"]


def test_what_changed_in_ena_is_all_that_changes_here(standin):
    study = refresh()
    stamps = dict(study.runs.values_list("first_accession", "updated_at"))
    sample_stamps = dict(study.samples.values_list("first_accession", "updated_at"))
    standin.server.dataset.find("ERR999000002")[1]["instrument_model"] = "Illumina NovaSeq X"
    standin.server.dataset.find("SAMEA999000002")[1]["host"] = "Homo sapiens"
    refresh()
    assert Run.objects.get(first_accession="ERR999000002").instrument_model == "Illumina NovaSeq X"
    after = dict(study.runs.values_list("first_accession", "updated_at"))
    assert {name for name in after if after[name] != stamps[name]} == {"ERR999000002"}
    after = dict(study.samples.values_list("first_accession", "updated_at"))
    assert {name for name in after if after[name] != sample_stamps[name]} == {"SAMEA999000002"}


def test_a_new_title_is_the_same_study(standin):
    study = refresh()
    standin.server.dataset.find("PRJEB99900001")[1]["study_title"] = "A better title"
    again = refresh()
    assert (again.pk, again.accession, again.title) == (study.pk, study.accession, "A better title")
    Study.objects.update(title="Said by a curator", title_is_curated=True)
    assert refresh().title == "Said by a curator"


def test_an_answer_without_the_primary_accession_takes_no_name_away(standin):
    refresh()
    before = dict(versions())
    known = set(Sample.objects.values_list("pk", "first_accession"))
    standin.server.dataset.find("ERR999000001")[1]["sample_accession"] = ""
    refresh()
    assert set(Sample.objects.values_list("pk", "first_accession")) == known
    assert dict(versions())["ena_sample"] == before["ena_sample"]


def test_a_private_answer_changes_no_sample_that_a_public_study_shows(standin):
    refresh()
    private = refresh_study(accession="PRJEB99900004", actor="test")
    shown = Sample.objects.get(first_accession="SAMEA999000001")
    row = standin.server.dataset.find(private.samples.first().first_accession)[1]
    row |= {"secondary_sample_accession": shown.ena_accessions[1], "sample_accession": shown.first_accession}
    row["sample_title"] = "canary"
    again = refresh_study(accession="PRJEB99900004", actor="test")
    shown.refresh_from_db()
    assert "canary" not in str(shown.ena_sample.metadata) + shown.sample_title
    assert shown in again.samples.all()


def test_a_sample_in_two_studies_is_one_sample(standin):
    first, second = refresh(), refresh_study(accession="ERP9990010", actor="test")
    shared = Sample.objects.get(first_accession="SAMEA999000001")
    assert set(shared.studies.all()) == {first, second}
    assert Accession.objects.filter(sample=shared.ena_sample).count() == 2
    standin.set_state("PRJEB99900001", "private")
    refresh()
    shared.refresh_from_db()
    assert shared.visibility == 0
    assert set(first.samples.filter(visibility=0)) == {shared}
