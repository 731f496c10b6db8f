"""Rows of the job layer, and jobs of the local backend, as the services leave them."""

import os
import secrets
import time

from workflows.cluster.backends.base import SubmitRequest
from workflows.cluster.identity import new_token
from workflows.cluster.states import record_event, transition
from workflows.models import ClusterJob, ClusterJobAttempt

LIVE_WORDS = ("PENDING", "RUNNING")


def make_job(*path, name="a job", key=None, **columns):
    """An open job whose one attempt went along ``path``, e.g. ``"SUBMITTING", "HELD"``; ``columns`` are its own."""
    job = ClusterJob.objects.create(
        logical_key=key or f"test:{secrets.token_hex(8)}", name=name, kind="COMMAND", backend="local", spec={}
    )
    record_event(row=job, actor="test", kind="made", to_state=job.state)
    asked = {"cluster": "local", "memory_mib": 64, "time_limit_seconds": 60, "token": new_token()}
    attempt = ClusterJobAttempt.objects.create(job=job, number=1, **asked | columns)
    record_event(row=attempt, actor="test", kind="made", to_state=attempt.state)
    for state in path:
        transition(row=attempt, to=state, actor="test", kind="moved")
    return job, attempt


def submit(backend, root, *argv, environment=None, token=None, **changed):
    """Bring a command into the local backend, held. Gives the request and the job's id."""
    token = token or f"djtest{secrets.token_hex(10).translate(str.maketrans('0189', 'abcd'))}"
    directory = root / token
    directory.mkdir(parents=True)
    for name, parts in {
        "argv": argv,
        "environment": [f"{name}={value}" for name, value in (environment or {"PATH": os.environ["PATH"]}).items()],
        "secrets": [],
    }.items():
        (directory / name).write_bytes(b"".join(part.encode() + b"\0" for part in parts))
    asked = {"cpus": 1, "memory_mib": 200, "time_limit_seconds": 60, "cancel_grace_seconds": 1}
    asked["working_dir"] = directory
    request = SubmitRequest(token=token, label="test", directory=directory, **asked | changed)
    (directory / "working_dir").write_text(f"{request.working_dir}\n")
    return request, backend.submit_held(request).job_id


def release(backend, request, job_id):
    (request.directory / "job_id").write_text(job_id)
    backend.release([job_id])


def wait_for_end(backend, job_id, *, seconds=20):
    """The accounting record of the job once it is over."""
    for _ in range(seconds * 20):
        (record,) = backend.account([job_id])
        if record.word not in LIVE_WORDS:
            return record
        time.sleep(0.05)
    raise AssertionError(f"{job_id} is still {record.word}")


def wait_until(condition, *, seconds=10):
    for _ in range(seconds * 20):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")
