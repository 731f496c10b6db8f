import pytest

from analyses.selectors import runs, studies
from analyses.services.refresh_study import refresh_study
from analyses.visibility import Actor

pytestmark = pytest.mark.django_db


def test_an_accession_never_matches_its_prefix(standin):
    longer = refresh_study(accession="PRJEB999000010", actor="test")
    for prefix in ("PRJEB99900001", "ERP999001"):
        assert studies.seen(accession=prefix, seen_by=Actor.anonymous()) is None
    shorter = refresh_study(accession="PRJEB99900001", actor="test")
    assert shorter.pk != longer.pk
    assert set(shorter.runs.values_list("first_accession", flat=True)).isdisjoint(
        longer.runs.values_list("first_accession", flat=True)
    )
    assert longer.runs.count() == 2


def test_a_run_is_found_by_the_whole_of_its_accession(standin):
    study = refresh_study(accession="PRJEB99900001", actor="test")
    assert runs.detail(accession="err999000001", seen_by=Actor.anonymous()) in study.runs.all()
    for wrong in ("ERR99900000", "ERR999000001 OR", "ERR999000001\n", " ERR999000001"):
        assert runs.detail(accession=wrong, seen_by=Actor.anonymous()) is None
