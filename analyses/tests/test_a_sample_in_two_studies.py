"""A sample that a private study and a public one share: what only the data hub has told stays behind."""

import pytest

from analyses.models import Sample
from analyses.services.refresh_study import refresh_study

pytestmark = pytest.mark.django_db


def refresh(accession):
    return refresh_study(accession=accession, actor="test")


@pytest.fixture
def the_sample(standin):
    refresh("PRJEB99900004")
    return Sample.objects.get(visibility=1)


def test_a_public_run_shows_the_name_of_a_private_sample_and_not_its_record(standin, the_sample):
    assert "canary" in str(the_sample.ena_sample.metadata).lower()
    run = standin.server.dataset.find("ERR999000001")[1]
    run |= {"sample_accession": the_sample.first_accession, "secondary_sample_accession": ""}
    refresh("PRJEB99900001")
    for _ in range(2):
        shown = Sample.objects.select_related("ena_sample").get(pk=the_sample.pk)
        assert (shown.visibility, shown.ena_sample.metadata, shown.sample_title) == (0, {}, None)
        refresh("PRJEB99900004")
