import pytest

from analyses.selectors import runs, samples
from analyses.tests.factories import make_run, make_sample, make_study
from analyses.visibility import Actor

pytestmark = pytest.mark.django_db


def seen(sample, actor):
    detail = samples.detail(accession=sample.first_accession, seen_by=actor)
    return set(detail.studies.all()), set(runs.list_of_sample(sample=detail, seen_by=actor))


def test_each_actor_sees_their_part(admin_user):
    public, mine, theirs = make_study(), make_study(level=1, owner="Webin-1"), make_study(level=1, owner="Webin-2")
    hidden = make_study(level=2)
    sample = make_sample(public, mine, theirs, hidden)
    public_run, my_run, their_run, _ = (make_run(study, sample) for study in (public, mine, theirs, hidden))
    assert seen(sample, Actor.anonymous()) == ({public}, {public_run})
    assert seen(sample, Actor.owner("Webin-1")) == ({public, mine}, {public_run, my_run})
    assert seen(sample, Actor.staff(admin_user)) == ({public, mine, theirs}, {public_run, my_run, their_run})


def test_a_sample_of_hidden_studies_only_is_unfound():
    sample = make_sample(make_study(level=1, owner="Webin-1"), make_study(level=2))
    assert samples.detail(accession=sample.first_accession, seen_by=Actor.anonymous()) is None
    assert samples.detail(accession=sample.first_accession, seen_by=Actor.owner("Webin-2")) is None
    assert samples.detail(accession=sample.first_accession, seen_by=Actor.owner("Webin-1")) == sample
