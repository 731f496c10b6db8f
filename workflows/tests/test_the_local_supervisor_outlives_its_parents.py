import os
import signal
import subprocess
import sys

import pytest

from workflows.cluster.backends.local import LocalBackend, is_alive
from workflows.cluster.node import supervisor
from workflows.tests.jobs_by_hand import release, submit, wait_for_end, wait_until

SERVICE = """
import os, sys, time
from pathlib import Path
import django; django.setup()
from workflows.cluster.backends.local import LocalBackend
from workflows.tests.jobs_by_hand import submit
root = Path(sys.argv[1])
request, job_id = submit(LocalBackend(root / "local"), root / "jobs", "sh", "-c", "sleep 1; echo $DJ_TOKEN")
print(request.directory, job_id, flush=True)
time.sleep(60)
"""


@pytest.fixture
def backend(tmp_path):
    (tmp_path / "local").mkdir()
    return LocalBackend(tmp_path / "local")


def test_a_job_goes_on_when_the_service_and_its_session_are_killed(backend, tmp_path):
    service = subprocess.Popen(
        [sys.executable, "-c", SERVICE, str(tmp_path)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    directory, job_id = service.stdout.readline().split()
    os.killpg(service.pid, signal.SIGKILL)
    service.wait()
    service.stdout.close()
    assert is_alive(job_id)
    (sighting,) = backend.observe()
    assert (sighting.word, sighting.reason) == ("PENDING", "JobHeldUser")
    (tmp_path / "jobs" / directory / "job_id").write_text(job_id)
    backend.release([job_id])
    assert wait_for_end(backend, job_id).word == "COMPLETED"
    assert (tmp_path / "jobs" / directory / "out.log").read_text().strip() == sighting.name


def test_a_held_job_runs_only_behind_its_own_fence(backend, tmp_path):
    request, job_id = submit(backend, tmp_path / "jobs", "touch", "ran")
    release(backend, request, "somebody.else.1")
    assert wait_for_end(backend, job_id).exit_code == 99
    assert not (request.directory / "ran").exists()


def test_a_token_submitted_twice_is_one_job(backend, tmp_path):
    request, job_id = submit(backend, tmp_path / "jobs", "true")
    assert backend.submit_held(request).job_id == job_id
    assert len(backend.find(request.token)) == 1
    backend.cancel([job_id], gentle=True)
    assert wait_for_end(backend, job_id).word == "CANCELLED"
    assert not (request.directory / "started").exists()


def test_a_start_that_died_is_started_anew(backend, tmp_path):
    request, job_id = submit(backend, tmp_path / "jobs", "true")
    backend.cancel([job_id], gentle=True)
    wait_until(lambda: not is_alive(job_id))
    home = backend.root / request.token
    (home / "process").unlink()
    assert backend.submit_held(request).job_id is None  # perhaps it is only slow
    os.utime(home, (0, 0))
    assert backend.submit_held(request).job_id not in (None, job_id)
    backend.cancel([backend.find(request.token)[0].job_id], gentle=True)


def test_the_environment_is_exactly_that_of_the_directory(backend, tmp_path, monkeypatch):
    monkeypatch.setenv("OF_THE_SERVICE", "1")
    secret = tmp_path / "password"
    secret.write_text("word\n")
    request, job_id = submit(backend, tmp_path / "jobs", "/usr/bin/env", environment={"A": "a b"})
    (request.directory / "secrets").write_bytes(f"PASSWORD\0{secret}\0".encode())
    release(backend, request, job_id)
    wait_for_end(backend, job_id)
    seen = [line for line in (request.directory / "out.log").read_text().splitlines() if not line.startswith("_=")]
    assert sorted(seen) == [  # bash always says in _ what it starts
        "A=a b",
        f"DJ_TOKEN={request.token}",
        "PASSWORD=word",
    ]


def test_a_hold_that_nobody_ended_is_no_cancel(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor, "HOLD_SECONDS", 0)
    job = supervisor.Job({"directory": tmp_path, "home": tmp_path})
    assert not job.hold()
    assert job.report["word"] == "NODE_FAIL"
