import random
import string

import pytest
from django.db import connection

from analyses.models import Run, Sample
from analyses.services.refresh_study import refresh_study
from ena.models import SyncRun

pytestmark = pytest.mark.django_db


def refresh():
    return refresh_study(accession="PRJEB99900001", actor="test")


def report(kind):
    return SyncRun.objects.filter(kind=kind).last().report["mirror"]


def test_one_bad_record_does_not_stop_the_rest(standin):
    numbers = ("ERR999000001", "ERR999000002", "ERR999000003")
    broken, nameless, double = (standin.server.dataset.find(accession)[1] for accession in numbers)
    double["run_accession"] = "ERR999000003;ERR999000009"
    broken |= {"sample_accession": "SAMEA99900000\u2026", "secondary_sample_accession": ""}
    nameless["run_accession"] = "ERR9990"
    study = refresh()
    assert set(study.runs.values_list("first_accession", flat=True)) == {"ERR999000003", "ERR999000004"}
    assert (report("runs")["orphans"], report("runs")["orphan_count"]) == (["ERR999000001"], 1)
    assert study.runs.get(first_accession="ERR999000003").ena_accessions == ["ERR999000003", "ERR999000009"]
    assert any("SAMEA99900000\u2026" in line for line in report("runs")["broken"])
    assert any("ERR9990" in line for line in report("runs")["broken"])


def test_a_run_whose_cells_name_two_samples_stops_none(standin):
    refresh_study(accession="PRJEB99900002", actor="test")
    record = standin.server.dataset.find("ERR999000001")[1]
    record["sample_accession"] += ";SAMEA999000011"
    record = standin.server.dataset.find("ERR999000002")[1]
    record["secondary_sample_accession"] = "ERS99900011"
    study = refresh()
    connection.check_constraints()
    assert study.runs.count() == 4
    assert Sample.objects.get(first_accession="SAMEA999000011").ena_accessions == ["SAMEA999000011", "ERS99900011"]


def test_a_cell_of_any_length_is_stored(standin):
    long = "".join(random.choices(string.ascii_letters, k=20_000))
    standin.server.dataset.find("SAMEA999000001")[1]["sample_title"] = long
    record = standin.server.dataset.find("ERR999000001")[1]
    record |= {"instrument_platform": long, "instrument_model": long, "library_strategy": long}
    study = refresh()
    assert (study.samples.count(), study.runs.count()) == (3, 4)
    assert study.samples.get(first_accession="SAMEA999000001").ena_sample.metadata["sample_title"] == long
    assert study.runs.get(first_accession="ERR999000001").metadata["instrument_model"] == long


def test_a_report_spells_out_a_hundred_faults_and_counts_all(standin):
    for row in standin.server.dataset.tables["read_run"]:
        if row["study_accession"] == "PRJEB99910000":
            row |= {"sample_accession": "?", "secondary_sample_accession": ""}
    refresh_study(accession="PRJEB99910000", actor="test")
    told = report("runs")
    assert (len(told["broken"]), told["broken_count"]) == (100, 1000)
    assert (len(told["orphans"]), told["orphan_count"]) == (100, 1000)


def test_an_accession_of_two_rows_is_reported_and_nothing_is_merged(standin):
    refresh()
    standin.server.dataset.find("SAMEA999000001")[1]["secondary_sample_accession"] = "ERS99900002"
    refresh()
    (conflict,) = report("samples")["conflicts"]
    assert (conflict["accession"], len(conflict["rows"])) == ("SAMEA999000001", 2)
    assert sorted(Sample.objects.values_list("ena_accessions", flat=True))[0] == ["SAMEA999000001", "ERS99900001"]


def test_what_is_odd_of_a_run_s_files_is_kept(standin):
    awkward = refresh_study(accession="PRJEB99900007", actor="test").runs
    assert "layout_differs" in set(awkward.values_list("inferred_metadata__fastq_warnings__0", flat=True))
    refresh()
    assert not Run.objects.filter(
        study__ena_study__accession="PRJEB99900001", inferred_metadata__has_key="fastq_warnings"
    )
