import pytest

from analyses.models import Run
from analyses.services.refresh_study import RefreshStopped, refresh_study
from ena import negotiation
from ena.models import SyncRun

pytestmark = pytest.mark.django_db


def refresh(accession="PRJEB99900007"):
    return refresh_study(accession=accession, actor="test")


def report():
    return SyncRun.objects.filter(kind="runs").last().report["mirror"]


def values():
    return list(Run.objects.order_by("pk").values_list("instrument_model", "metadata", "fastq_files"))


def test_a_blank_column_blanks_nothing(standin):
    refresh()
    before = values()
    standin.use_fault_script("column_blank")
    refresh()
    assert values() == before
    assert report()["went_blank"] == ["instrument_model"]


def test_lost_checksums_leave_the_files_as_they_were(standin):
    refresh()
    before = values()
    rule = {"match": {"result": "read_run"}, "times": None, "action": "blank_field", "field": "fastq_md5"}
    standin.set_faults([rule])
    refresh()
    assert values() == before


def test_a_removed_field_costs_a_warning(standin, caplog):
    refresh()
    before = values()
    assert any("library_name" in metadata for _, metadata, _ in before)
    standin.use_fault_script("field_removed")  # our list of columns is a day old: ENA refuses the question first
    refresh()
    assert values() == before
    assert report()["dropped_fields"] == ["library_name"]
    assert "ena.field_removed" in caplog.text


def test_a_field_emptied_in_ena_goes_away(standin):
    refresh("PRJEB99900001")
    standin.server.dataset.find("ERR999000001")[1]["library_name"] = ""
    refresh("PRJEB99900001")
    assert "library_name" not in Run.objects.get(first_accession="ERR999000001").metadata
    assert "library_name" in Run.objects.get(first_accession="ERR999000002").metadata


@pytest.mark.parametrize(
    ("field", "is_known_before"), [("run_accession", False), ("run_accession", True), ("fastq_ftp", True)]
)
def test_a_lost_accession_field_stops_the_mirror(standin, field, is_known_before):
    """So does the list of read files: without it every new run would be one that has none."""
    if is_known_before:  # then ENA's refusal tells it, else its list of columns
        negotiation._catalogues.clear()
        refresh("PRJEB99900010")
    rule = {"match": {"result": "read_run"}, "times": None, "action": "remove_field", "field": field}
    standin.set_faults([rule | {"message": f"Invalid fieldName(s) supplied: {field}"}])
    with pytest.raises(RefreshStopped, match=f"no longer returns {field}"):
        refresh("PRJEB99900001")
    assert not Run.objects.exists()
