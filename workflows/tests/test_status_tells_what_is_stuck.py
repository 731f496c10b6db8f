import json
import os
import re
import subprocess
import sys
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from workflows.prefect_utils.health import look_at_prefect

from emgapiv2.tests.admin_rows import make_question
from ena.tests.conftest import configure
from workflows.duties import REGISTRY
from workflows.models import Duty
from workflows.next_steps import NEXT_STEPS, next_step
from workflows.selectors import status
from workflows.services.attention import raise_attention
from workflows.tests.conftest import make_cluster
from workflows.tests.jobs_by_hand import make_job

__all__ = ["configure"]
pytestmark = pytest.mark.django_db
PARTS = ["services", "duties", "under way", "stuck"]


def say(capsys, *arguments):
    with suppress(CommandError):
        call_command("status", *arguments)
    return capsys.readouterr().out


@pytest.fixture
def local(settings, tmp_path):
    return make_cluster("local", settings, tmp_path)


def duties_turn(**changed):
    for name in REGISTRY:
        Duty.objects.update_or_create(name=name, defaults={"finished_at": timezone.now(), **changed})


def test_each_stuck_thing_has_its_reason_and_the_next_step(local, capsys):
    duties_turn()
    question = make_question()
    raise_attention(code="odd_verdict", subject_kind="batch_member", subject_id=7, text="ERR7: pass and fail")
    rows = {row["what"]: row for row in json.loads(say(capsys, "--json"))["stuck"]}
    assert set(rows) == {"odd verdict", "question"}
    assert rows["odd verdict"]["reason"] == "ERR7: pass and fail"
    assert rows["odd verdict"]["next"] == NEXT_STEPS["odd_verdict"]
    assert str(question.pk) in rows["question"]["next"]
    page = say(capsys)
    assert "NEEDS A PERSON: 2" in page
    assert f"→ {NEXT_STEPS['odd_verdict']}" in page


def test_a_duty_that_fails_or_rests_too_long_is_told_once_for_all(local):
    duties_turn()
    assert {duty["state"] for duty in status.duties()} == {"ok"}
    assert status.stuck() == []
    duties_turn(finished_at=timezone.now() - timedelta(hours=2))
    (late,) = status.stuck()
    assert late["subject"] == ", ".join(REGISTRY)
    duties_turn()
    Duty.objects.filter(name="waker").update(failures=3, error="it broke")
    (failing,) = status.stuck()
    assert (failing["subject"], failing["reason"]) == ("waker", "it broke")


def test_what_is_under_way_is_counted_by_state(local):
    make_job()
    make_job("SUBMITTING")
    jobs = [row for row in status.queue() if row["what"] == "job"]
    assert jobs == [
        {"what": "job", "state": "intended", "number": 1},
        {"what": "job", "state": "submitting", "number": 1},
    ]


def test_services_that_are_away_are_named_and_the_exit_code_tells(local, configure, capsys):
    configure(service_urls={"site_url": "http://127.0.0.1:9"})
    duties_turn()
    told = json.loads(say(capsys, "--json"))
    assert list(told) == PARTS
    states = {row["name"]: row["state"] for row in told["services"]}
    assert states["database"] == states["local"] == "ok"
    assert states["web"] == "away"
    with pytest.raises(CommandError) as refused:
        call_command("status")
    assert refused.value.returncode == 1


@pytest.mark.prefect
def test_the_prefect_server_and_its_worker_are_asked(worker):
    deadline = time.monotonic() + 60
    while (seen := {row["name"]: row["state"] for row in look_at_prefect()})["worker of slurm"] != "ok":
        assert time.monotonic() < deadline, "a worker that has just started is online within a beat"
        time.sleep(1)
    assert seen["Prefect server"] == "ok"


def test_every_attention_that_is_raised_has_a_next_step():
    """The codes are found in the source: a new one cannot be forgotten."""
    sources = [
        path.read_text() for path in Path(settings.BASE_DIR, "workflows").rglob("*.py") if "tests" not in path.parts
    ]
    used = {code for source in sources for code in codes_raised_in(source, sources)}
    assert used == set(NEXT_STEPS)
    assert next_step("unheard_of")


def codes_raised_in(source, sources):
    yield from re.findall(r'(?:attention(?:=| = )|raise_attention\(\s*code=|_show_stray\(\w+, )"(\w+)"', source)
    for name in re.findall(r"(?:raise_attention\(\s*code=|have_just\(\s*code=|_tell\()([A-Z_]+)", source):
        line = re.compile(rf"^((?:[A-Z_]+, )*{name}(?:, [A-Z_]+)*) = (.+)$", re.MULTILINE)
        assigned = next(filter(None, map(line.search, [source, *sources])))
        yield dict(zip(assigned[1].split(", "), re.findall(r'"(\w+)"', assigned[2]), strict=True))[name]


def test_without_a_database_that_is_told_and_nothing_else():
    argv = [sys.executable, "-W", "ignore", "manage.py", "status", "--json"]
    away = os.environ | {"EMG_DATABASE__PORT": "9", "EMG_WEBIN__DCC_ACCOUNT": ""}
    done = subprocess.run(argv, cwd=settings.BASE_DIR, env=away, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert [row["state"] for row in json.loads(done.stdout)["services"]] == ["away"]
