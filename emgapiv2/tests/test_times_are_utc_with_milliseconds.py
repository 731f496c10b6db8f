from datetime import UTC, datetime, timedelta, timezone

import pytest

from analyses.models import Study
from analyses.tests.factories import make_study
from emgapiv2.tests.operations import PREFIX

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2025, 7, 29, 11, 32, 54, 168999, UTC), "2025-07-29T11:32:54.168Z"),
        (datetime(2025, 7, 29, 11, 32, 54, 0, UTC), "2025-07-29T11:32:54.000Z"),
        (datetime(2025, 7, 29, 13, 32, 54, 999, timezone(timedelta(hours=2))), "2025-07-29T11:32:54.000Z"),
    ],
)
def test_times_are_utc_with_milliseconds(client, moment, text):
    study = make_study()
    Study.objects.filter(pk=study.pk).update(updated_at=moment)
    assert client.get(f"{PREFIX}/studies/{study.accession}").json()["updated_at"] == text
    assert client.get(f"{PREFIX}/studies/").json()["items"][0]["updated_at"] == text
