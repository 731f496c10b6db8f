import pytest
from django.contrib.auth import get_user_model

from analyses.services.study_watchers import unwatch_study, watch_study
from analyses.tests.factories import make_study


@pytest.mark.django_db
def test_a_study_is_watched_once_by_each():
    study, user = make_study(), get_user_model().objects.create_user("curator", is_staff=True)
    assert [watch_study(study=study, user=user) for _ in range(2)] == [True, False]
    assert user.studies_watching.get().study == study
    assert [unwatch_study(study=study, user=user) for _ in range(2)] == [True, False]
