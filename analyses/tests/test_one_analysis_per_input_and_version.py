import pytest
from django.db import IntegrityError, transaction

from analyses.models import Analysis
from analyses.tests.factories import make_analysis, make_run, make_study

pytestmark = pytest.mark.django_db


def test_a_second_one_is_refused_unless_the_first_is_superseded():
    run = make_run(make_study())
    first = make_analysis(run)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_analysis(run)
    newer = make_analysis(run, pipeline_version="V6.1")
    Analysis.objects.filter(pk=first.pk).update(superseded_by=newer)
    make_analysis(run)


def test_an_analysis_has_an_input():
    analysis = make_analysis(make_run(make_study()))
    with pytest.raises(IntegrityError):
        Analysis.objects.filter(pk=analysis.pk).update(run=None, run_visibility=None)


def test_a_nine_digit_id_keeps_all_digits():
    study = make_study(id=123456789)
    run = make_run(study)
    assert (study.accession, make_study(id=7).accession) == ("MGYS123456789", "MGYS00000007")
    assert make_analysis(run, id=987654321).accession == "MGYA987654321"
