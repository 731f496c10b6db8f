import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from analyses.models import Analysis, Run, SampleStudy, Study
from analyses.tests.factories import make_analysis, make_run, make_sample, make_study

pytestmark = pytest.mark.django_db

COPIES = [
    (Study, "ena_visibility"),
    (SampleStudy, "study_visibility"),
    (Run, "study_visibility"),
    (Run, "sample_visibility"),
    (Analysis, "study_visibility"),
    (Analysis, "run_visibility"),
]


@pytest.mark.parametrize(("noun", "copy"), COPIES, ids=lambda value: getattr(value, "__name__", value))
def test_a_copy_is_its_parents_level(noun, copy):
    make_analysis(make_run(make_study(level=1)))
    with pytest.raises(IntegrityError):
        noun.objects.update(**{copy: 2})


def test_a_parent_comes_with_its_level():
    study = make_study()
    with pytest.raises(IntegrityError):
        Study.objects.filter(pk=study.pk).update(ena_visibility=None)


def test_the_level_itself_cannot_be_written():
    make_study()
    with pytest.raises(ProgrammingError), transaction.atomic():
        Study.objects.raw("UPDATE analyses_study SET visibility = 0 RETURNING id")[0]


def test_a_stale_row_saved_after_a_flip_is_refused():
    run = make_run(make_study())
    Study.objects.update(own_visibility=1)
    with pytest.raises(IntegrityError):
        run.save()


def test_a_run_lies_in_a_study_of_its_sample():
    study, sample = make_study(), make_sample(make_study())
    make_run(study, sample)
    sample.study_links.filter(study=study).delete()
    with pytest.raises(IntegrityError, match="sample_in_study"), transaction.atomic():
        connection.check_constraints()
    connection.set_rollback(True)
