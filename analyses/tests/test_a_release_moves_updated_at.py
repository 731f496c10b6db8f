import pytest
from django.db import connection

from analyses.models import Analysis, Assembly, Publication, Run, Sample, Study, StudyPublication
from analyses.tests.factories import make_analysis, make_assembly, make_publication, make_run, make_sample, make_study
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


def test_of_a_paper_whose_study_appears_and_of_whatever_gains_or_loses_a_link():
    study, other = make_study(level=1), make_study()
    publication, sample = make_publication(study), make_sample(study)
    assembly = make_assembly(make_run(study, sample))

    def moves(noun, what):
        before = noun.objects.get().updated_at
        what()
        return noun.objects.get().updated_at > before

    assert moves(Publication, release)
    assert moves(Publication, lambda: StudyPublication.objects.create(study=other, publication=publication))
    assert moves(Publication, lambda: StudyPublication.objects.filter(study=study).delete())
    assert moves(Sample, lambda: make_run(other, sample))
    assert moves(Assembly, lambda: assembly.run_links.all().delete())
