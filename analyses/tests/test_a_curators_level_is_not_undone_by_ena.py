import pytest

from analyses.models import Run, Study
from analyses.services.refresh_study import refresh_study
from ena.accessions import BadAccession
from ena.availability import set_own_visibility
from ena.models import Study as EnaStudy
from ena.models import VisibilityEvent
from ena.services import set_study_owner

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", [Run, Study])
def test_a_curators_level_is_not_undone_by_ena(standin, model):
    refresh_study(accession="PRJEB99900001", actor="test")
    row = model.objects.first()
    assert set_own_visibility(model=model, ids=[row.pk], level=2, actor="curator", note="asked by the owner") == 1
    assert set_own_visibility(model=model, ids=[row.pk], level=2, actor="curator") == 0
    refresh_study(accession="PRJEB99900001", actor="test")
    row.refresh_from_db()
    assert (row.own_visibility, row.visibility) == (2, 2)
    event = VisibilityEvent.objects.get(cause="curator")
    assert (event.noun, event.object_id, event.from_level, event.to_level) == (model._meta.model_name, row.pk, 0, 2)
    set_own_visibility(model=model, ids=[row.pk], level=0, actor="curator")
    row.refresh_from_db()
    assert row.visibility == 0


def test_an_owner_is_a_bare_account_and_leaves_an_event(standin):
    study = refresh_study(accession="PRJEB99900004", actor="test").ena_study
    for wrong in ("mg-Webin-99900001", "Webin-99900001\n", ""):
        with pytest.raises(BadAccession, match="webin_owner"):
            set_study_owner(study=study, webin_account=wrong, actor="curator")
    for _ in range(2):
        set_study_owner(study=study, webin_account="Webin-99900001", actor="curator")
    assert EnaStudy.objects.get().webin_owner == "Webin-99900001"
    assert VisibilityEvent.objects.filter(note="owner nobody is now Webin-99900001").count() == 1
