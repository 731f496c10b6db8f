import pytest

from analyses.models import Analysis, Run, Sample, Study
from analyses.tests.factories import make_analysis, make_run, make_sample, make_study

pytestmark = pytest.mark.django_db


def levels():
    return {
        noun.__name__: list(noun.objects.order_by("pk").values_list("visibility", flat=True))
        for noun in (Study, Sample, Run, Analysis)
    }


def test_each_child_gets_back_its_own_level():
    """A diamond: the analyses hang on study and run, the runs on study and sample. Some are suppressed themselves."""
    study = make_study()
    shared = make_sample(study, make_study(level=1))
    make_analysis(make_run(study, shared), "published")
    make_analysis(make_run(study, shared, own_visibility=2), "published")
    make_analysis(make_run(study, make_sample(study, own_visibility=2)), "published")
    make_analysis(make_run(study), "published", own_visibility=1)
    before = levels()
    Study.objects.filter(pk=study.pk).update(own_visibility=2)
    assert levels()["Analysis"] == [2, 2, 2, 2]
    Study.objects.filter(pk=study.pk).update(own_visibility=0)
    assert levels() == before == {"Study": [0, 1], "Sample": [0, 2, 0], "Run": [0, 2, 2, 0], "Analysis": [0, 2, 2, 1]}


def test_several_changes_in_one_transaction_settle():
    study = make_study()
    run = make_run(study)
    make_analysis(run, "published")
    Sample.objects.filter(pk=run.sample_id).update(own_visibility=2)
    Study.objects.filter(pk=study.pk).update(own_visibility=1)
    Sample.objects.filter(pk=run.sample_id).update(own_visibility=0)
    assert levels() == {"Study": [1], "Sample": [1], "Run": [1], "Analysis": [1]}
