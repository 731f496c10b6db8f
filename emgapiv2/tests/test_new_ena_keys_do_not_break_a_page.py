import pytest

from analyses.tests.factories import make_run, make_sample, make_study
from emgapiv2.tests.operations import PREFIX

pytestmark = pytest.mark.django_db
NEW = {"a key of tomorrow": "ä", "another": None, "nested": {"0": ["x"]}, "lat": "north"}


def test_new_ena_keys_do_not_break_a_page(client):
    study = make_study(metadata=NEW)
    sample = make_sample(study, metadata=NEW)
    run = make_run(study, sample, metadata=NEW)
    for path in (f"studies/{study.accession}", f"samples/{sample.first_accession}", f"runs/{run.first_accession}"):
        assert client.get(f"{PREFIX}/{path}").json()["metadata"] == NEW
    for path in ("studies/", f"studies/{study.accession}/samples/"):
        assert [one["metadata"] for one in client.get(f"{PREFIX}/{path}").json()["items"]] == [NEW]
