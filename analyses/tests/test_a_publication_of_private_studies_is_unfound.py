import pytest
from django.db import IntegrityError
from pydantic import ValidationError

from analyses.models import Publication, StudyPublication
from analyses.services.publications import link_publication, save_publication, set_studies_of_publication
from analyses.tests.factories import make_publication, make_study
from analyses.visibility import Actor, visible_to

pytestmark = pytest.mark.django_db
OWNER, OTHER = Actor.owner("Webin-99900001"), Actor.owner("Webin-99900002")


def sees(actor, publication):
    return visible_to(Publication, actor).filter(pk=publication.pk).exists()


def test_a_publication_of_private_studies_is_unfound():
    private = make_study(level=1, owner=OWNER.name)
    of_private, of_both = make_publication(private), make_publication(private, make_study())
    of_suppressed, of_none = make_publication(make_study(level=2)), make_publication()
    for actor in (Actor.anonymous(), OTHER):
        assert [sees(actor, one) for one in (of_private, of_both, of_suppressed, of_none)] == [False, True, False, True]
    assert sees(OWNER, of_private)
    assert not sees(OWNER, of_suppressed)


def test_a_study_and_a_paper_are_linked_once():
    study, other, publication = make_study(), make_study(), make_publication()
    assert [link_publication(study=study, publication=publication) for _ in range(2)] == [True, False]
    set_studies_of_publication(publication=publication, studies=[other])
    assert list(publication.studies.all()) == [other]
    with pytest.raises(IntegrityError):
        StudyPublication.objects.create(study=other, publication=publication)


def test_a_paper_said_again_moves_only_by_what_is_new():
    first = save_publication(pubmed_id=1, title="A", metadata={"doi": "10.1/x", "note": "kept", "volume": None})
    assert first.metadata == {"doi": "10.1/x", "note": "kept"}
    assert save_publication(pubmed_id=1, title="A", metadata=first.metadata).updated_at == first.updated_at
    assert save_publication(pubmed_id=1, title="B").title == "B"
    with pytest.raises(ValidationError, match="pubmed_central_id"):
        save_publication(pubmed_id=1, title="B", metadata={"pubmed_central_id": "PMC"})
