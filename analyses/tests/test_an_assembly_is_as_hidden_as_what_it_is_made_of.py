import pytest
from django.db import IntegrityError, transaction

from analyses.models import Analysis, Assembly, AssemblyRun, Run, Study
from analyses.tests.factories import make_analysis, make_assembly, make_run, make_study
from analyses.tests.test_concurrent_changes_leave_the_true_level import hide, while_uncommitted
from analyses.visibility import Actor, visible_to

pytestmark = pytest.mark.django_db
OWNER, OTHER = "Webin-99900001", "Webin-99900002"


def levels():
    return list(Assembly.objects.order_by("pk").values_list("visibility", flat=True))


def a_coassembly(**of_second):
    """Runs of two studies, assembled in a third."""
    first, second, third = make_study(), make_study(**of_second), make_study()
    return make_assembly(make_run(first), make_run(second), assembly_study=third), [first, second, third]


@pytest.mark.parametrize("study", [0, 1, 2])
def test_any_study_hides_it_and_its_analysis_and_gives_it_back(study):
    assembly, studies = a_coassembly()
    make_analysis(assembly, "published")
    hide(studies[study])
    assert (levels(), Analysis.objects.get().visibility) == ([1], 1)
    Study.objects.update(own_visibility=0)
    assert (levels(), Analysis.objects.get().visibility) == ([0], 0)


def test_a_run_of_its_own_hides_it_and_a_run_that_goes_gives_it_back():
    assembly, _ = a_coassembly()
    Run.objects.filter(pk=assembly.run_links.get(position=2).run_id).update(own_visibility=2)
    assert levels() == [2]
    AssemblyRun.objects.get(position=2).delete()
    assert levels() == [0]


@pytest.mark.parametrize("copy", ["reads_study_visibility", "assembly_study_visibility", "sample_visibility"])
def test_a_wrong_copy_cannot_be_stored(copy):
    a_coassembly()
    for wrong in (1, None):
        with pytest.raises(IntegrityError, match="_level"), transaction.atomic():
            Assembly.objects.update(**{copy: wrong})


@pytest.mark.django_db(transaction=True)
def test_two_runs_hidden_at_once():
    """Without the lock in the fold each sees the other run still public, and the assembly stays."""
    _, (first, second, _) = a_coassembly()
    assert while_uncommitted(lambda: hide(first), lambda: hide(second)) is None
    assert levels() == [1]


def test_an_owner_sees_it_if_every_private_study_is_theirs():
    seen_by = {}
    for owners in ({"level": 1, "owner": OWNER}, {"level": 1, "owner": OTHER}, {"level": 1}):
        assembly, _ = a_coassembly(**owners)
        make_analysis(assembly, "published")
        seen_by[owners.get("owner")] = assembly
    both = make_assembly(make_run(make_study(level=1, owner=OTHER)), assembly_study=make_study(level=1, owner=OWNER))
    for owner in (OWNER, OTHER):
        assert set(visible_to(Assembly, Actor.owner(owner))) == {seen_by[owner]}
        assert [one.assembly for one in visible_to(Analysis, Actor.owner(owner))] == [seen_by[owner]]
    assert not visible_to(Assembly, Actor.anonymous()).exists()
    assert both in visible_to(Assembly, Actor.system("test"))
