import os
import signal
from pathlib import Path

import pytest

from workflows.cluster.backends.local import LocalBackend
from workflows.cluster.node.supervisor import processes_with
from workflows.tests.jobs_by_hand import release, submit, wait_for_end, wait_until

# 20 grandchildren, half of them in sessions of their own, and a command that ignores TERM.
BROOD = """
trap '' TERM
for i in 1 2 3 4 5 6 7 8 9 10; do sleep 300 & setsid sleep 300 & done
touch brood
while :; do sleep 1; done
"""


@pytest.fixture
def backend(tmp_path):
    (tmp_path / "local").mkdir()
    return LocalBackend(tmp_path / "local")


@pytest.fixture
def running(backend, tmp_path):
    request, job_id = submit(backend, tmp_path / "jobs", "bash", "-c", BROOD)
    release(backend, request, job_id)
    wait_until((request.directory / "brood").exists)
    assert len(processes_with(request.token)) > 20
    return request, job_id


def test_a_killed_supervisor_is_a_node_failure_and_everything_of_it_is_killed(backend, running):
    request, job_id = running
    os.kill(int(job_id.split(".")[1]), signal.SIGKILL)
    assert wait_for_end(backend, job_id).word == "NODE_FAIL"
    wait_until(lambda: not processes_with(request.token))


def test_a_cancel_takes_all_children_along(backend, running):
    request, job_id = running
    backend.cancel([job_id], gentle=True)
    record = wait_for_end(backend, job_id)
    assert (record.word, record.exit_code) == ("CANCELLED", 137)
    told_id, code, killed_by, _, why = (request.directory / "exit").read_text().split()
    assert (told_id, code, killed_by, why) == (job_id, "137", "9", "term")
    wait_until(lambda: not processes_with(request.token))


def test_the_marker_tells_the_end_if_the_supervisor_died_right_after_it(backend, tmp_path):
    request, job_id = submit(backend, tmp_path / "jobs", "true")
    os.kill(int(job_id.split(".")[1]), signal.SIGKILL)
    (request.directory / "exit").write_text(f"{job_id} 0 0 1 -\n")
    assert wait_for_end(backend, job_id).word == "COMPLETED"


def test_what_a_command_leaves_behind_ends_with_it(backend, tmp_path):
    request, job_id = submit(backend, tmp_path / "jobs", "sh", "-c", "env -i setsid sleep 300 & echo $! > pid")
    release(backend, request, job_id)
    assert wait_for_end(backend, job_id).word == "COMPLETED"
    pid = (request.directory / "pid").read_text().strip()
    assert not Path("/proc", pid).exists()
