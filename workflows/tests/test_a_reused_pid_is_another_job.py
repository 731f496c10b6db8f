import json
import os
import subprocess

import pytest

from workflows.cluster.backends.base import BackendUnavailable
from workflows.cluster.backends.local import LocalBackend, is_alive
from workflows.cluster.node.supervisor import job_id_of
from workflows.tests.jobs_by_hand import submit, wait_for_end


def test_a_job_is_alive_only_with_its_own_start_and_boot():
    boot, pid, ticks = job_id_of(os.getpid()).split(".")
    assert is_alive(f"{boot}.{pid}.{ticks}")
    assert not is_alive(f"{boot}.{pid}.{int(ticks) - 1}")
    assert not is_alive(f"00000000.{pid}.{ticks}")


def test_a_zombie_is_dead():
    child = subprocess.Popen(["sleep", "0"])
    job_id = job_id_of(child.pid)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(job_id)
    child.wait()


def test_a_stranger_with_the_pid_of_a_dead_job_is_not_taken_for_it_and_not_signalled(tmp_path):
    (tmp_path / "local").mkdir()
    backend = LocalBackend(tmp_path / "local")
    request, job_id = submit(backend, tmp_path / "jobs", "true")
    backend.cancel([job_id], gentle=False)
    wait_for_end(backend, job_id)
    stranger = subprocess.Popen(["sleep", "60"])
    boot, _, ticks = job_id.split(".")
    reused = f"{boot}.{stranger.pid}.{ticks}"
    home = tmp_path / "local" / request.token
    (home / "process").write_text(json.dumps({"job_id": reused, "directory": str(request.directory)}))
    (home / "local.json").write_text((home / "local.json").read_text().replace("CANCELLED", "RUNNING"))
    backend.cancel([reused], gentle=False)
    (sighting,) = backend.observe()
    assert sighting.word == "NODE_FAIL"
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_file_that_is_no_job_is_passed_over_and_a_damaged_one_is_unknown(tmp_path):
    backend = LocalBackend(tmp_path)
    (tmp_path / "core").write_text("left by somebody")
    assert backend.observe() == []
    (tmp_path / "djtest").mkdir()
    (tmp_path / "djtest" / "process").write_text("")
    with pytest.raises(BackendUnavailable, match="djtest"):
        backend.observe()
