import pytest
from django.db import connection
from django.utils import timezone

from analyses.models import Analysis, Run, Sample, Study
from analyses.tests.factories import make_analysis, make_run, make_sample, make_study
from analyses.visibility import Actor, visible_to
from ena.models import Study as EnaStudy

pytestmark = pytest.mark.django_db


def public_nouns():
    return [noun.__name__ for noun in (Study, Sample, Run, Analysis) if visible_to(noun, Actor.anonymous()).exists()]


def by_queryset(study):
    EnaStudy.objects.filter(pk=study.ena_study_id).update(visibility=1)


def by_save(study):
    ena_study = EnaStudy.objects.get(pk=study.ena_study_id)
    ena_study.visibility, ena_study.absent_since = 2, timezone.now()
    ena_study.save()


def by_sql(study):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ena_study SET visibility = 1 WHERE id = %s", [study.ena_study_id])


def by_a_curator(study):
    Study.objects.filter(pk=study.pk).update(own_visibility=2)


@pytest.mark.parametrize("hide", [by_queryset, by_save, by_sql, by_a_curator])
def test_one_statement_hides_the_whole_tree(hide):
    study = make_study()
    make_analysis(make_run(study), "published")
    assert public_nouns() == ["Study", "Sample", "Run", "Analysis"]
    hide(study)
    assert public_nouns() == []


def test_a_suppressed_sample_hides_its_runs_and_their_analyses():
    study = make_study()
    run = make_run(study)
    make_analysis(run, "published")
    Sample.objects.filter(pk=run.sample_id).update(own_visibility=2)
    assert public_nouns() == ["Study"]


def test_a_sample_goes_with_its_last_public_study():
    first, second = make_study(), make_study()
    sample = make_sample(first, second)
    by_queryset(first)
    assert list(visible_to(Sample, Actor.anonymous())) == [sample]
    by_queryset(second)
    assert not visible_to(Sample, Actor.anonymous()).exists()


def test_a_sample_without_studies_is_hidden():
    study = make_study()
    sample = make_sample(study)
    sample.study_links.all().delete()
    sample.refresh_from_db()
    assert sample.visibility == 2
