import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from workflows.cluster.job_files import job_directory
from workflows.tests.jobs_by_hand import make_job

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(settings, tmp_path):
    config = settings.EMG_CONFIG
    settings.EMG_CONFIG = config.model_copy(
        update={"cluster": config.cluster.model_copy(update={"state_root": tmp_path / "state"})}
    )
    settings.BASE_DIR = tmp_path
    return tmp_path


def say(capsys, *arguments):
    call_command("logs", *arguments)
    return capsys.readouterr().out


def test_a_jobs_log_is_found_by_its_id_and_secrets_are_masked(house, capsys):
    job, attempt = make_job()
    with pytest.raises(CommandError, match="no log"):
        say(capsys, str(job.pk))
    job_directory(attempt.token).mkdir(parents=True)
    (job_directory(attempt.token) / "out.log").write_text("one\ntwo\nwebin -password hunter2\n")
    said = say(capsys, str(job.pk)[:8], "--lines", "2")
    assert said.splitlines()[0] == "two"
    assert "hunter2" not in said


def test_the_services_of_this_machines_stack_are_listed_and_shown(house, capsys):
    assert "no stack" in say(capsys)
    logs = house / ".emg" / "run" / "logs"
    logs.mkdir(parents=True)
    (logs / "reconcile.log").write_text("it turns\n")
    assert "reconcile" in say(capsys)
    assert say(capsys, "reconcile") == "it turns\n"
