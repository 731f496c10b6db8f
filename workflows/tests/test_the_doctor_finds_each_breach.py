import json
import shutil
from base64 import b64encode
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.models.functions import Now

from analyses.tests.factories import make_analysis, make_run, make_study
from workflows.cluster.backends import get_backend
from workflows.cluster.doctor import examine, invariants
from workflows.cluster.identity import installation, new_token
from workflows.cluster.job_files import job_directory, write_job_directory
from workflows.cluster.reconciler import run_pass
from workflows.cluster.states import record_event, transition
from workflows.models import Batch, BatchMember, ClusterJob, ClusterJobAttempt, Decision, WorkEvent
from workflows.tests.conftest import make_cluster
from workflows.tests.flows_by_hand import make_run as make_flow_run
from workflows.tests.jobs_by_hand import make_job, release, submit, wait_for_end

pytestmark = pytest.mark.django_db
NOUNS = ["clusterjob", "clusterjobattempt", "batch", "flowrun", "workevent"]
LONG_AGO = Now() - timedelta(minutes=11)


@pytest.fixture(autouse=True)
def backend(db, settings, tmp_path):
    make_cluster("local", settings, tmp_path)
    yield get_backend("local")
    get_backend.cache_clear()


@pytest.fixture
def unguarded():
    """What the database itself would refuse; undone with the test's transaction."""
    with connection.cursor() as cursor:
        for noun in NOUNS:
            cursor.execute(f"ALTER TABLE workflows_{noun} DISABLE TRIGGER USER")
        cursor.execute("DROP INDEX one_open_job_a_key")
        cursor.execute("ALTER TABLE workflows_clusterjobattempt DROP CONSTRAINT attempt_has_id_beyond_submitting")


def found():
    return sorted({breach.code for breach in examine()})


def write_directory(attempt):
    write_job_directory(
        token=attempt.token, intent={"working_dir": "/tmp"}, argv=["true"], environment={}, secrets={}, files={}
    )


def make_batch(study, **columns):
    base = {"slug": "mini", "version": "V6", "revision": "0", "key": "k", "base_dir": "/b", "work_dir": "/w"}
    return Batch.objects.create(study=study, session_id="5b1c3a52-5a0e-5d32-9a0f-0123456789ab", **base | columns)


def test_a_healthy_database_has_no_breach(backend, capsys):
    make_job()
    make_job("SUBMITTING")
    assert {f"D{number}" for number in range(1, 12)} <= {code for code, _, _ in invariants()}
    call_command("doctor")
    assert "all invariants hold" in capsys.readouterr().out


def test_d1_two_open_jobs_for_a_key(unguarded):
    make_job(key="same")
    make_job(key="same")
    assert "D1" in found()


def test_d1_a_final_job_with_a_live_attempt(unguarded):
    job, _ = make_job()
    ClusterJob.objects.filter(pk=job.pk).update(state="SUCCEEDED", final_at=Now())
    assert "D1" in found()


def test_d2_a_running_attempt_without_an_id(unguarded):
    _, attempt = make_job()
    ClusterJobAttempt.objects.filter(pk=attempt.pk).update(state="RUNNING")
    assert "D2" in found()


def test_d3_a_scheduler_job_without_a_row_until_somebody_is_told(backend, tmp_path):
    token = new_token()
    _, job_id = submit(backend, tmp_path / "jobs", "true", token=token)
    assert [breach.text for breach in examine()] == [f"local job {job_id} ({token}) has no live row"]
    run_pass()  # tells somebody, and leaves it alone
    assert found() == []
    backend.cancel([job_id], gentle=False)


def test_d4_a_live_row_for_a_job_that_ended_long_ago(backend, tmp_path):
    _, attempt = make_job("SUBMITTING")
    write_directory(attempt)
    request, job_id = submit(backend, tmp_path / "jobs", "true", token=attempt.token)
    ClusterJobAttempt.objects.filter(pk=attempt.pk).update(backend_job_id=job_id)
    attempt.refresh_from_db()
    for state in ("HELD", "RUNNING"):
        transition(row=attempt, to=state, actor="test", kind="moved")
    release(backend, request, job_id)
    wait_for_end(backend, job_id)
    assert found() == []
    report = backend.root / request.token / "local.json"
    told = json.loads(report.read_text())
    report.write_text(json.dumps(told | {"ended_at": told["ended_at"] - 600}))
    assert found() == ["D4"]


def test_d5_a_state_that_no_event_told(unguarded):
    _, attempt = make_job()
    ClusterJobAttempt.objects.filter(pk=attempt.pk).update(state="SUBMITTING")
    assert found() == ["D5"]


def test_d6_a_batch_closed_over_its_open_job(unguarded):
    job, _ = make_job()
    make_batch(make_study(), job=job, state="done", closed_at=Now())
    assert "D6" in found()


def test_d6_a_finished_analysis_whose_job_still_works_on_it(unguarded):
    run = make_run(make_study())
    batch = make_batch(run.study, job=make_job()[0])
    BatchMember.objects.create(batch=batch, slug="mini", run=run, analysis=make_analysis(run, state="completed"))
    assert "D6" in found()


def test_d7_an_analysis_running_in_no_open_batch():
    make_analysis(make_run(make_study()), state="running")
    assert "D7" in found()


def test_d8_a_child_that_outlives_its_job(backend, tmp_path, unguarded):
    job, attempt = make_job("SUBMITTING", "FAILED")
    _, job_id = submit(backend, tmp_path / "jobs", "true", token=f"{attempt.token}.align")
    attempts, ended = ClusterJobAttempt.objects.filter(pk=attempt.pk), Now() - timedelta(minutes=2)
    attempts.update(ended_at=Now())
    ClusterJob.objects.filter(pk=job.pk).update(state="FAILED", outcome_class="LOST", final_at=Now())
    assert "D8" not in found()
    ClusterJob.objects.filter(pk=job.pk).update(final_at=ended)
    assert "D8" in found()
    backend.cancel([job_id], gentle=False)
    wait_for_end(backend, job_id)
    assert "D8" not in found()


def test_d9_a_run_that_sleeps_though_its_job_is_over(unguarded):
    run, (job, _) = make_flow_run(state="suspended", waiting=True), make_job()
    run.calls.create(call_key="a", job=job, decision="submitted", awaited=True)
    WorkEvent.objects.filter(flow_run=run).update(at=LONG_AGO)
    assert "D9" not in found()
    ClusterJob.objects.filter(pk=job.pk).update(state="SUCCEEDED", final_at=LONG_AGO)
    assert "D9" in found()
    Decision.objects.create(question="q", subject="s", flow_run=run, form={}, why="")
    assert "D9" not in found()


def test_d10_a_lease_that_nobody_took_over(unguarded):
    _, attempt = make_job("SUBMITTING")
    ClusterJobAttempt.objects.filter(pk=attempt.pk).update(lease_until=Now() - timedelta(minutes=5))
    assert found() == []
    ClusterJobAttempt.objects.filter(pk=attempt.pk).update(lease_until=LONG_AGO)
    assert found() == ["D10"]


def test_d11_a_directory_without_a_row_and_a_row_without_a_directory():
    job, attempt = make_job()
    write_directory(attempt)
    another = f"dj{'aaaa' if installation() != 'aaaa' else 'bbbb'}{attempt.token[6:]}"
    shutil.copytree(job_directory(attempt.token), job_directory(another))  # of a database that shares the root
    assert found() == []
    for state in ("SUBMITTING", "HELD"):
        transition(row=attempt, to=state, actor="test", kind="moved", backend_job_id="boot.1.1")
    assert found() == []
    shutil.rmtree(job_directory(attempt.token))
    assert found() == ["D11"]
    write_directory(attempt)
    job.delete()
    (breach,) = examine()
    assert (breach.code, attempt.token in breach.text) == ("D11", True)


@pytest.mark.parametrize("column", ["log_tail", "spec", "detail"])
def test_d12_a_secret_in_a_row(column, settings, tmp_path):
    secret = 'pa"ss\\word-7'
    (tmp_path / "webin").write_text(secret)
    cluster = settings.EMG_CONFIG.cluster.model_copy(update={"secrets_root": tmp_path})
    settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={"cluster": cluster})
    job, attempt = make_job()
    if column == "log_tail":
        ClusterJobAttempt.objects.filter(pk=attempt.pk).update(log_tail=f"logging in with {secret} …")
    elif column == "spec":
        ClusterJob.objects.filter(pk=job.pk).update(spec={"argv": ["curl", f"--user=x:{secret}"]})
    else:
        record_event(row=job, actor="test", kind="odd", detail={"said": b64encode(secret.encode()).decode()})
    (breach,) = examine()
    assert (breach.code, f"secret in {column}" in breach.text, secret in breach.text) == ("D12", True, False)


def test_a_breach_is_a_line_and_exit_code_1(unguarded, capsys):
    _, attempt = make_job()
    ClusterJobAttempt.objects.filter(pk=attempt.pk).update(state="SUBMITTING")
    with pytest.raises(CommandError) as refused:
        call_command("doctor", json=True)
    assert refused.value.returncode == 1
    (breach,) = json.loads(capsys.readouterr().out)
    assert breach["code"] == "D5"
    assert str(attempt.pk) in breach["text"]
