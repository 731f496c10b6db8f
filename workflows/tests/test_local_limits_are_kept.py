import sys

import pytest

from workflows.cluster.backends.base import ReplyKind
from workflows.cluster.backends.local import LocalBackend
from workflows.tests.jobs_by_hand import release, submit, wait_for_end


@pytest.fixture
def backend(tmp_path):
    (tmp_path / "local").mkdir()
    return LocalBackend(tmp_path / "local")


def run(backend, tmp_path, *argv, **limits):
    request, job_id = submit(backend, tmp_path / "jobs", *argv, **limits)
    release(backend, request, job_id)
    record = wait_for_end(backend, job_id)
    return record, (request.directory / "exit").read_text().split()


def test_memory_is_summed_over_the_whole_family(backend, tmp_path):
    eater = f"{sys.executable} -c 'x = bytearray(80 << 20); import time; time.sleep(30)'"
    record, _ = run(backend, tmp_path, "sh", "-c", f"{eater} & setsid {eater} & wait", memory_mib=120)
    assert record.word == "OUT_OF_MEMORY"
    assert record.peak_rss_mib > 120


def test_the_time_limit_ends_a_job_that_does_not_listen(backend, tmp_path):
    deaf = "trap '' TERM; while :; do sleep 0.2; done"
    record, marker = run(backend, tmp_path, "sh", "-c", deaf, time_limit_seconds=1)
    assert record.word == "TIMEOUT"
    assert (marker[1], marker[4]) == ("137", "time_limit")


def test_the_command_has_time_to_end_in_order(backend, tmp_path):
    request, job_id = submit(
        backend, tmp_path / "jobs", "sh", "-c", "trap 'echo bye; exit 5' TERM; sleep 30 & wait", time_limit_seconds=1
    )
    release(backend, request, job_id)
    record = wait_for_end(backend, job_id)
    assert (record.word, record.exit_code) == ("TIMEOUT", 5)
    assert (request.directory / "out.log").read_text() == "bye\n"


def test_a_job_larger_than_the_machine_is_refused_with_both_numbers(backend, tmp_path):
    request, _ = submit(backend, tmp_path / "jobs", "true", memory_mib=10**9)
    reply = backend.submit_held(request)
    assert reply.kind is ReplyKind.REFUSED
    assert str(10**9) in reply.text
    assert str(backend.capacity().memory_mib) in reply.text


def test_cpu_time_and_exit_code_are_told(backend, tmp_path):
    record, marker = run(backend, tmp_path, sys.executable, "-c", "sum(range(10**7)); raise SystemExit(7)")
    assert (record.word, record.exit_code, marker[1]) == ("FAILED", 7, "7")
    assert record.cpu_seconds >= 0.1


def test_a_command_that_cannot_start_says_why(backend, tmp_path):
    request, job_id = submit(backend, tmp_path / "jobs", "true", working_dir=tmp_path / "nowhere")
    release(backend, request, job_id)
    assert wait_for_end(backend, job_id).exit_code == 98
    assert "nowhere" in (request.directory / "out.log").read_text()
