import pytest

from analyses.models import Analysis, AnnotationSet, Download, Run, Sample, Study
from analyses.tests.factories import make_analysis, make_annotations, make_download, make_run, make_study
from analyses.visibility import Actor, visible_to

pytestmark = pytest.mark.django_db
NOUNS = [Study, Sample, Run, Analysis, AnnotationSet, Download]


def whole_study(**study):
    analysis = make_analysis(make_run(make_study(**study)), "published")
    make_annotations(analysis)
    make_download(analysis)


@pytest.mark.parametrize("actor", [Actor.anonymous(), Actor.owner("Webin-1"), Actor.owner("Webin-99900001")], ids=str)
def test_nobody_outside_sees_it(actor):
    whole_study(level=1, owner=None)
    assert [noun.__name__ for noun in NOUNS if visible_to(noun, actor).exists()] == []


def test_staff_and_flows_do(admin_user):
    whole_study(level=1, owner=None)
    for actor in (Actor.staff(admin_user), Actor.system("test")):
        assert [noun.__name__ for noun in NOUNS if not visible_to(noun, actor).exists()] == []


def test_an_owned_one_is_seen_by_its_owner_only():
    whole_study(level=1, owner="Webin-99900001")
    assert [noun.__name__ for noun in NOUNS if not visible_to(noun, Actor.owner("Webin-99900001")).exists()] == []
    assert [noun.__name__ for noun in NOUNS if visible_to(noun, Actor.owner("Webin-9990000")).exists()] == []


@pytest.mark.parametrize("account", [None, "", "Webin-", "webin-1", "Webin-1\n", "mg-Webin-1", "Webin-١"])
def test_there_is_no_owner_without_an_account(account):
    with pytest.raises(ValueError, match="not a Webin account"):
        Actor.owner(account)


def test_staff_is_said_by_the_user_row(django_user_model):
    with pytest.raises(ValueError, match="not active staff"):
        Actor.staff(django_user_model(username="guest"))


def test_an_analysis_private_of_its_own_is_its_studys_owners():
    analysis = make_analysis(make_run(make_study(owner="Webin-99900001")), "published", own_visibility=1)
    assert list(visible_to(Analysis, Actor.owner("Webin-99900001"))) == [analysis]
    assert not visible_to(Analysis, Actor.owner("Webin-99900002")).exists()
