import pytest
from django.db import connection

from analyses.models import Analysis, Run, Sample, Study
from analyses.tests.factories import make_analysis, make_run, make_study
from ena.models import Study as EnaStudy

pytestmark = pytest.mark.django_db
NOUNS = [Study, Sample, Run, Analysis]


def times():
    return [noun.objects.get().updated_at for noun in NOUNS]


def release():
    EnaStudy.objects.update(visibility=0)


def a_private_study():
    make_analysis(make_run(make_study(level=1)), "published")


def test_of_everything_that_becomes_visible():
    a_private_study()
    before = times()
    release()
    assert all(after > earlier for earlier, after in zip(before, times(), strict=True))


def test_inner_work_moves_nothing():
    a_private_study()
    before = times()
    Study.objects.update(results_dir="/work")
    Analysis.objects.update(results_dir="/work")
    assert times() == before


def test_it_is_the_trigger_that_does_it():
    a_private_study()
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER touch ON analyses_run")
    before = times()
    release()
    assert times()[2] == before[2]
