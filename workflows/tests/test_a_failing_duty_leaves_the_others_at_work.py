import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from workflows.duties import REGISTRY, DutySpec, Service, open_wire, pause_seconds, take_lead
from workflows.models import Duty
from workflows.tests.jobs_by_hand import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
turns: dict[str, int] = {}
released = threading.Event()


def good():
    turns["good"] = turns.get("good", 0) + 1
    return turns["good"] < 3  # changes something at first, then has nothing to do


def bad():
    turns["bad"] = turns.get("bad", 0) + 1
    raise ConnectionError("Prefect is away")


def hang():
    turns["hang"] = turns.get("hang", 0) + 1
    released.wait(60)


def duty(name, every_seconds=60.0, channels=()):
    return DutySpec(name, f"{__name__}:{name}", every_seconds, channels)


@pytest.fixture
def serve():
    """Starts services in this process; all are stopped at the end."""
    turns.clear()
    released.clear()
    started = []

    def start(*duties):
        service = Service(list(duties))
        started.append((service, service.start()))
        return started[-1]

    yield start
    released.set()
    for service, threads in started:
        service.stop()
        for thread in threads:
            thread.join()


def test_one_that_raises_hangs_or_cannot_be_imported_does_not_disturb_another(serve):
    missing = DutySpec("missing", "workflows.no_such_module:run", 0.1)
    serve(duty("bad", 0.1), duty("hang", 0.1), missing, duty("good", 0.1))
    wait_until(lambda: turns.get("good", 0) > 5)
    assert turns["hang"] == 1
    assert Duty.objects.get(name="good").ok_since is not None
    wait_until(lambda: Duty.objects.filter(name__in=["bad", "missing"], failures__gte=1).count() == 2)
    failed = Duty.objects.get(name="bad")
    assert (failed.error, failed.ok_since) == ("ConnectionError: Prefect is away", None)
    assert "ModuleNotFoundError" in Duty.objects.get(name="missing").error
    assert turns["bad"] <= 2  # it waits longer and longer


def test_a_notice_starts_a_turn_at_once(serve):
    serve(duty("good", 60, channels=("emg_jobs",)))
    wait_until(lambda: turns.get("good", 0) == 1 and Duty.objects.filter(name="good", finished_at__isnull=False))
    time.sleep(0.2)
    with connection.cursor() as cursor:
        cursor.execute("NOTIFY emg_jobs, 'x'")
    wait_until(lambda: turns["good"] == 2, seconds=2)


def test_a_second_process_stands_by_and_takes_over(serve):
    leader = open_wire(())
    assert take_lead(leader, "good")
    assert take_lead(leader, "good")  # it stays so
    other = open_wire(())
    assert not take_lead(other, "good")
    leader.close()
    wait_until(lambda: take_lead(other, "good"))
    other.close()


def test_the_service_stops_at_once_though_its_duties_sleep(serve):
    service, threads = serve(duty("good", 60), duty("bad", 60))
    wait_until(lambda: len(turns) == 2)
    began = time.monotonic()
    service.stop()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began < 1


def test_pauses_grow_with_failures_and_shrink_with_work():
    spec = duty("good", 10)
    assert [pause_seconds(spec, None, failures) for failures in (1, 2, 5, 9, 2000)] == [2, 4, 32, 60, 60]
    assert (pause_seconds(spec, True, 0), pause_seconds(spec, False, 0)) == (3, 10)


def test_once_gives_each_duty_a_turn_and_tells_which_failed(monkeypatch):
    turns.clear()
    for name in list(REGISTRY):
        monkeypatch.delitem(REGISTRY, name)
    for spec in (duty("bad"), duty("good")):
        monkeypatch.setitem(REGISTRY, spec.name, spec)
    with pytest.raises(CommandError, match="bad"):
        call_command("reconcile", once=True)
    assert turns == {"bad": 1, "good": 1}


def test_the_command_ends_within_two_seconds_of_a_signal():
    database = connection.settings_dict["NAME"]
    service = subprocess.Popen(
        [sys.executable, "manage.py", "reconcile", "--only", "scheduler"],
        env=os.environ | {"EMG_DATABASE__NAME": database},
        stderr=subprocess.PIPE,
        text=True,
    )
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.extend(service.stderr))
    reader.start()
    try:
        wait_until(lambda: any("reconcile started" in line for line in said), seconds=30)
        wait_until(lambda: Duty.objects.filter(name="scheduler", finished_at__isnull=False).exists(), seconds=30)
        began = time.monotonic()
        service.send_signal(signal.SIGTERM)
        assert service.wait(timeout=5) == 0
        assert time.monotonic() - began < 2
    finally:
        service.kill()
        reader.join()
    assert any("reconcile stopped" in line for line in said)
