from datetime import timedelta

import pytest
from django.db.models import F

from analyses.models import Assembly, Run, Sample
from analyses.services.refresh_study import RefreshStopped, refresh_study
from ena.availability import set_own_visibility
from ena.models import SyncRun, VisibilityEvent
from ena.presence import let_absences_count

pytestmark = pytest.mark.django_db
RUN = "ERR999000002"


def refresh(accession="PRJEB99900001"):
    return refresh_study(accession=accession, actor="test")


def a_day_passes(model=Run):
    model.objects.update(absent_since=F("absent_since") - timedelta(hours=25))


def lost(standin, accession=RUN, state="suppressed"):
    standin.set_state(accession, state)


def the_run():
    return Run.objects.get(first_accession=RUN)


@pytest.mark.parametrize(
    ("model", "accession", "study"),
    [
        (Run, RUN, "PRJEB99900001"),
        (Sample, "SAMEA999000002", "PRJEB99900001"),
        (Assembly, "ERZ99900001", "PRJEB99900003"),
    ],
)
def test_two_absences_a_day_apart_suppress_and_a_return_undoes_it(standin, model, accession, study):
    refresh(study)
    row = model.objects.get(first_accession=accession)
    lost(standin, accession)
    for _ in range(2):  # twice on one day is once
        refresh(study)
        row.refresh_from_db()
        assert (row.own_visibility, row.absent_since is None) == (0, False)
    a_day_passes(model)
    refresh(study)
    row.refresh_from_db()
    assert (row.own_visibility, row.visibility) == (2, 2)
    lost(standin, accession, "public")
    refresh(study)
    row.refresh_from_db()
    assert (row.own_visibility, row.absent_since) == (0, None)
    events = VisibilityEvent.objects.filter(object_id=row.pk, noun=row._meta.model_name).order_by("pk")
    told = list(events.values_list("from_level", "to_level", "cause", "sync_run__study__accession"))
    assert told == [(0, 2, "ena_absent", study), (2, 0, "ena_public", study)]


def test_a_curators_level_is_neither_struck_nor_given_back(standin):
    refresh()
    set_own_visibility(model=Run, ids=[the_run().pk], level=2, actor="anna")
    refresh()
    assert (the_run().own_visibility, the_run().absent_since) == (2, None)
    lost(standin)
    refresh()
    assert the_run().absent_since is None


def test_what_ena_withdrew_and_a_curator_keeps_hidden_stays_so(standin):
    refresh()
    lost(standin)
    refresh()
    a_day_passes()
    refresh()
    assert set_own_visibility(model=Run, ids=[the_run().pk], level=2, actor="anna") == 1
    lost(standin, state="public")
    refresh()
    assert (the_run().own_visibility, the_run().absent_since) == (2, None)
    told = VisibilityEvent.objects.filter(noun="run").order_by("pk").values_list("from_level", "to_level", "cause")
    assert list(told) == [(0, 2, "ena_absent"), (2, 2, "curator")]


def test_a_moved_run_is_not_absent(standin):
    refresh()
    record = standin.server.dataset.find(RUN)[1]
    record |= {"study_accession": "PRJEB99900002", "secondary_study_accession": "ERP999002"}
    refresh()
    assert the_run().absent_since is None
    assert refresh("PRJEB99900002") == the_run().study


def test_a_study_and_its_runs_do_not_reset_each_other(standin):
    refresh()
    lost(standin)
    refresh()
    a_day_passes()
    refresh()
    standin.set_state("PRJEB99900001", "private")
    refresh()
    standin.set_state("PRJEB99900001", "public")
    lost(standin)
    refresh()
    assert (the_run().own_visibility, the_run().study_visibility) == (2, 0)


@pytest.mark.parametrize("action", [{"action": "status", "status": 503}, {"action": "empty", "status": 200}])
def test_a_second_question_that_fails_strikes_nobody(standin, configure, action):
    configure(ena={"max_attempts": 1})
    refresh()
    lost(standin)
    match = {"path": "/search", "result": "read_run"}
    standin.set_faults([{"match": match, "after": 1, "times": None, **action}])
    match = {"path": "/count", "result": "read_run"}
    standin.set_faults([{"match": match, "after": 1, "times": None, "action": "status", "status": 503}])
    with pytest.raises(RefreshStopped, match="study and samples up to date, runs unchanged"):
        refresh()
    assert the_run().absent_since is None


def test_mass_disappearance_waits_for_a_person(standin):
    study = refresh("PRJEB99910000")
    runs = standin.server.dataset.tables["read_run"]
    gone = [row for row in runs if row["study_accession"] == "PRJEB99910000"][:300]
    standin.server.dataset.tables["read_run"] = [row for row in runs if row not in gone]
    with pytest.raises(RefreshStopped, match="a curator must let it count"):
        refresh("PRJEB99910000")
    assert not Run.objects.exclude(absent_since=None).exists()
    held = SyncRun.objects.get(outcome="held")
    assert set(held.report["absent"]) == {row["run_accession"] for row in gone}
    assert let_absences_count(children=study.runs.all(), sync_run=held, actor="anna") == 300
    with pytest.raises(ValueError, match="nothing is held"):
        let_absences_count(children=study.runs.all(), sync_run=held, actor="anna")
    a_day_passes()
    refresh("PRJEB99910000")
    assert study.runs.filter(visibility=2).count() == 300
