import pytest

from analyses.selectors import accessions as runs
from analyses.services import refresh_study
from ena.selectors import find_by_accession

pytestmark = pytest.mark.django_db


def test_an_accession_never_matches_its_prefix(standin):
    longer = refresh_study(accession="PRJEB999000010", actor="test")
    assert find_by_accession("PRJEB99900001") is None
    assert find_by_accession("ERP999001") is None
    shorter = refresh_study(accession="PRJEB99900001", actor="test")
    assert shorter.pk != longer.pk
    assert set(shorter.runs.values_list("first_accession", flat=True)).isdisjoint(
        longer.runs.values_list("first_accession", flat=True)
    )
    assert longer.runs.count() == 2


def test_a_run_is_found_by_the_whole_of_its_accession(standin):
    study = refresh_study(accession="PRJEB99900001", actor="test")
    assert runs.find_by_accession(" err999000001 ") in study.runs.all()
    assert runs.find_by_accession("ERR99900000") is runs.find_by_accession("ERR999000001 OR") is None
