import pytest

from analyses.models import Run, Sample
from analyses.services.adopt_runs import store_runs
from analyses.services.adopt_study import ena_study_of
from analyses.services.refresh_study import refresh_study
from ena.errors import LevelMoved
from ena.listings import list_runs, list_samples
from ena.models import Study
from ena.services import mirror_samples

pytestmark = pytest.mark.django_db


def test_what_the_hub_told_is_not_stored_in_a_study_that_is_public_by_now(standin):
    study = refresh_study(accession="PRJEB99900004", actor="test", only={"study"})
    asked = ena_study_of(study)
    with list_runs(asked) as runs, list_samples(asked) as samples:
        Study.objects.filter(pk=asked.pk).update(visibility=0)  # ENA has released it: a look came between
        with pytest.raises(LevelMoved, match="was private when ENA was asked"):
            store_runs(study=study, listing=runs, missing=None, actor="test")
        with pytest.raises(LevelMoved):
            mirror_samples(listing=samples, study=asked, shown="false", actor="test")
    assert not Run.objects.exists()
    assert not Sample.objects.exists()
    standin.set_state("PRJEB99900004", "public")
    assert refresh_study(accession="PRJEB99900004", actor="test").runs.filter(visibility=0).count() == 2
