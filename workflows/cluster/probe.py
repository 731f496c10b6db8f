"""A held job, looked at and cancelled: does the scheduler do what exactly-once needs? (``spec/cluster-jobs.md`` §8)"""

import secrets
import tempfile
import time
from pathlib import Path

from django.conf import settings

from workflows.cluster.backends import get_backend
from workflows.cluster.backends.base import Backend, SubmitRequest
from workflows.cluster.classify import HELD_BY_US, LIVE_WORDS, base_word
from workflows.cluster.identity import backend_of_new_jobs
from workflows.cluster.job_files import write_files

END_SECONDS = 30


class ProbeFailed(Exception):
    """Jobs would not be safe there; the text says what was expected and what came."""


def probe_scheduler() -> str:
    """Submit, look, cancel. Its name is no token: neither the service nor another doctor takes it for a job of ours.

    :raises ProbeFailed, BackendUnavailable: it is cancelled all the same
    """
    backend, name = get_backend(backend_of_new_jobs()), f"probe-{secrets.token_hex(8)}"
    root = settings.EMG_CONFIG.cluster.state_root
    with tempfile.TemporaryDirectory(dir=root, prefix="probe-", ignore_cleanup_errors=True) as place:
        directory = Path(place)
        write_files(directory, argv=["true"], environment={}, secrets={}, working_dir=place)
        reply = backend.submit_held(SubmitRequest(name, "probe", directory, directory, 1, 64, 60, 1))
        if reply.job_id is None:
            raise ProbeFailed(f"the submit call was answered {reply.kind.value}: {reply.text}")
        try:
            _look(backend, name, reply.job_id)
        finally:
            backend.cancel([reply.job_id], gentle=False)
        _wait_for_its_end(backend, name)
        if (directory / "started").exists():
            raise ProbeFailed(f"job {reply.job_id} was held and has run")
    return f"probe: {backend.name} held job {reply.job_id} under its name, and cancelled it unstarted"


def _look(backend: Backend, name: str, job_id: str) -> None:
    seen = [(one.job_id, one.word, one.reason) for one in backend.find(name)]
    if seen != [(job_id, *HELD_BY_US)]:
        raise ProbeFailed(f"expected job {job_id} under its name {name}, {' '.join(HELD_BY_US)}; found {seen}")


def _wait_for_its_end(backend: Backend, name: str) -> None:
    until = time.monotonic() + END_SECONDS
    while any(base_word(one.word) in LIVE_WORDS for one in backend.find(name)):
        if time.monotonic() > until:
            raise ProbeFailed(f"{name} is still there {END_SECONDS} s after it was cancelled")
        time.sleep(0.2)
