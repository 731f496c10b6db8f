"""Rows of the job layer as the services would leave them, without a scheduler."""

import secrets

from workflows.cluster.states import record_event
from workflows.models import ClusterJob, ClusterJobAttempt


def make_job(*, state="OPEN", attempt_state="INTENDED", backend="local", name="a job", key=None, token=None, **columns):
    """A job with one attempt and their events. ``columns`` of the attempt."""
    final = {} if state == "OPEN" else {"final_at": "2026-01-01T00:00:00Z"}
    if state in ("FAILED", "CANCELLED"):
        final["outcome_class"] = "EXIT" if state == "FAILED" else "CANCELLED"
    job = ClusterJob.objects.create(
        logical_key=key or f"test:{secrets.token_hex(8)}",
        name=name,
        kind="COMMAND",
        backend=backend,
        spec={},
        state=state,
        **final,
    )
    record_event(row=job, actor="test", kind="made", to_state=state)
    attempt = ClusterJobAttempt.objects.create(
        job=job,
        number=1,
        token=token or "dj" + "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(24)),
        state=attempt_state,
        cluster="local",
        **{"memory_mib": 64, "time_limit_seconds": 60, **columns},
    )
    record_event(row=attempt, actor="test", kind="made", to_state=attempt_state)
    return job, attempt
