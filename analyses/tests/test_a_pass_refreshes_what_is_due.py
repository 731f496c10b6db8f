from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from analyses.models import Run, Study
from analyses.services.refresh_study import refresh_study
from analyses.services.sync_studies import sync_studies
from analyses.tests.factories import make_study
from ena.models import Study as EnaStudy
from ena.models import SyncRun

pytestmark = pytest.mark.django_db


def refresh(accession="PRJEB99900001"):
    return refresh_study(accession=accession, actor="test")


def sync(**options):
    return sync_studies(actor="test", **options)


@contextmanager
def broken_table(table, when, condition):
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken row'; END $$;"
            f"CREATE TRIGGER die {when} ON {table} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION die()"
        )
        yield
        cursor.execute(f"DROP TRIGGER die ON {table}; DROP FUNCTION die()")


def all_are_due():
    EnaStudy.objects.update(next_look_at=Now())


def test_due_studies_are_refreshed_public_and_private_ones(standin):
    refresh()
    refresh("PRJEB99900004")
    assert (sync().due, sync().refreshed) == (0, 0)
    standin.server.dataset.find("ERR999000001")[1]["instrument_model"] = "A new one"
    standin.set_state("PRJEB99900004", "public")
    all_are_due()
    report = sync()
    assert (report.refreshed, report.failed) == (2, {})
    assert Run.objects.get(first_accession="ERR999000001").instrument_model == "A new one"
    assert Study.objects.get(first_accession="ERP999004").visibility == 0
    assert report.through == SyncRun.objects.filter(kind="pass").last().through


def test_what_ena_touched_becomes_due(standin):
    study = refresh()
    first = sync()
    SyncRun.objects.filter(kind="pass").update(through=F("through") - timedelta(days=9000))
    assert first.through is not None
    report = sync()
    assert (report.changed, report.refreshed) == (1, 1)
    assert study.ena_study.sync_runs.filter(kind="runs").count() == 2


def test_a_pass_that_fails_moves_no_cursor_and_one_bad_study_stops_none(standin, configure):
    configure(ena={"max_attempts": 1})
    refresh()
    refresh("PRJEB99900002")
    all_are_due()
    match = {"path": "/search", "result": "read_run"}
    standin.set_faults([{"match": match, "times": 1, "action": "status", "status": 503}])
    report = sync()
    assert (report.refreshed, list(report.failed), report.through) == (1, ["PRJEB99900001"], None)
    standin.reset()
    EnaStudy.objects.update(next_look_at=F("next_look_at") - timedelta(hours=2))
    assert (sync().refreshed, sync().through is None) == (1, False)


def test_a_study_that_nobody_can_tell_of_does_not_hold_the_cursor(standin, configure):
    refresh()
    refresh("PRJEB99900002")
    configure(webin={"dcc_account": ""})  # without a data hub nobody can tell a private study from one that is gone
    standin.set_state("PRJEB99900001", "private")
    all_are_due()
    report = sync()
    assert (list(report.failed), report.refreshed, report.through is None) == (["PRJEB99900001"], 1, False)
    assert SyncRun.objects.get(kind="pass").outcome == "partial"


def test_what_cannot_be_asked_for_together_is_asked_for_one_by_one(standin):
    refresh()
    refresh("PRJEB99900002")
    all_are_due()
    match = {"path": "/search", "result": "study"}
    standin.set_faults([{"match": match, "times": 1, "action": "status", "status": 400}])
    assert (sync().refreshed, EnaStudy.objects.filter(next_look_at__lte=Now()).count()) == (2, 0)


def test_what_fails_again_and_again_does_not_stand_in_the_way(standin, configure):
    configure(ena={"max_attempts": 1})
    study = refresh()
    refresh("PRJEB99900002")
    EnaStudy.objects.update(next_look_at=Now() - timedelta(days=1), visibility=2, absent_since=Now())
    EnaStudy.objects.filter(pk=study.ena_study_id).update(next_look_at=Now() - timedelta(days=2))
    with broken_table("ena_study", "BEFORE UPDATE OF visibility", f"NEW.id = {study.ena_study_id}"):
        assert list(sync(limit=1).failed) == ["PRJEB99900001"]
        assert (sync(limit=1).refreshed, sync(limit=1).due) == (1, 0)


def test_a_broken_study_stops_no_named_one(standin, capsys):
    Study.objects.create(first_accession="ERP999001", ena_accessions=["ERP999001"], own_visibility=1)
    with pytest.raises(SystemExit):
        call_command("sync_studies_with_ena", "PRJEB99900001", "PRJEB99900002")
    assert Run.objects.filter(study__first_accession="ERP999002").count() == 4


def test_what_ena_has_withdrawn_is_no_failure_of_all_samples(standin):
    refresh()
    EnaStudy.objects.update(visibility=2, absent_since=Now())
    call_command("sync_samples_with_ena", "--all")


def test_too_many_absent_studies_are_not_believed(standin):
    for _ in range(5):
        make_study()
    all_are_due()
    report = sync()
    assert len(report.absent) == 4
    assert set(report.failed.values()) == {
        "SuspiciousDisappearance: too many studies are absent at once; none of them is believed"
    }
    assert not EnaStudy.objects.exclude(absent_since=None).exists()


def test_a_few_absent_studies_are_struck(standin):
    make_study()
    all_are_due()
    assert len(sync().absent) == 1
    assert EnaStudy.objects.exclude(absent_since=None).exists()


def test_the_commands_collect_all_errors_and_say_so_by_their_exit_code(standin, fail, configure, capsys):
    with pytest.raises(SystemExit) as ended:
        call_command("sync_studies_with_ena", "PRJEB99900001", "nonsense", "PRJEB1", "--only", "study", "samples")
    told = capsys.readouterr()
    assert (ended.value.code, "refreshed" in told.out) == (1, True)
    assert all(word in told.err for word in ("nonsense: ", "PRJEB1: "))
    assert (Study.objects.get().samples.count(), Run.objects.count()) == (3, 0)
    standin.server.dataset.find("SAMEA999000001")[1]["sample_title"] = "A better title"
    with pytest.raises(SystemExit):
        call_command("sync_samples_with_ena", "ERS99900001", "SAMEA999000011")
    assert Study.objects.get().samples.filter(sample_title="A better title").exists()
    all_are_due()
    configure(ena={"max_attempts": 1})
    fail("/search", action="status", status=503)
    with pytest.raises(SystemExit) as ended:
        call_command("sync_studies_with_ena", "--all")
    assert ended.value.code == 2
