"""What one attempt's job directory and submit call hold, from its rows (step S2 and S4 of the submission)."""

import getpass
import os
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings

from workflows.cluster.backends import get_backend
from workflows.cluster.backends.base import SubmitRequest
from workflows.cluster.endings import ASKED
from workflows.cluster.job_files import job_directory, write_job_directory
from workflows.cluster.requests import NextflowCall
from workflows.cluster.secrets import resolve_reference
from workflows.models import ClusterJob, ClusterJobAttempt, PipelineRun
from workflows.nextflow.command import Rendered, render
from workflows.nextflow.overlay import Tasks


def write_attempt_directory(attempt: ClusterJobAttempt) -> None:
    """Render the command and write everything the node reads; a Nextflow head gets its ``PipelineRun`` too.

    :raises UnknownReference, OSError: the attempt stays as it is, a later call tries again
    """
    job, spec = attempt.job, attempt.job.spec
    if spec["nextflow"]:
        rendered = _render_head(attempt, NextflowCall(**spec["nextflow"]))
    else:
        rendered = Rendered(spec["argv"], base_environment() | spec["environment"], {}, resumed=False)
    write_job_directory(
        token=attempt.token,
        intent=_intent(attempt),
        argv=rendered.argv,
        environment=rendered.environment,
        secrets={name: resolve_reference(reference) for name, reference in spec["secrets"].items()},
        files=rendered.files,
    )
    if job.kind == ClusterJob.Kind.NEXTFLOW:
        _create_pipeline_run(attempt, NextflowCall(**spec["nextflow"]), rendered)


def submit_request(attempt: ClusterJobAttempt) -> SubmitRequest:
    """The attempt as its backend wants it."""
    job, cluster = attempt.job, settings.EMG_CONFIG.cluster
    return SubmitRequest(
        token=attempt.token,
        label=job.name,
        directory=job_directory(attempt.token),
        working_dir=Path(_working_dir(job)),
        cpus=attempt.cpus,
        memory_mib=attempt.memory_mib,
        time_limit_seconds=attempt.time_limit_seconds,
        cancel_grace_seconds=job.spec["cancel_grace_seconds"],
        partition=attempt.partition,
        account=job.spec["account"] or cluster.default_account,
        qos=job.spec["qos"] or cluster.default_qos,
        warn_before_end=job.kind == ClusterJob.Kind.NEXTFLOW,
    )


def _render_head(attempt: ClusterJobAttempt, call: NextflowCall) -> Rendered:
    queue = settings.EMG_CONFIG.cluster.default_partition
    history = Path(call.launch_dir) / ".nextflow" / "history"
    return render(
        call,
        token=attempt.token,
        directory=job_directory(attempt.token),
        history=history.read_text() if history.exists() else None,
        site=settings.EMG_CONFIG.nextflow,
        environment=base_environment(),
        tasks=Tasks(
            executor=attempt.job.backend,
            cpus=attempt.cpus,
            memory_mib=attempt.memory_mib,
            queue=queue,
            longest_minutes=(get_backend(attempt.job.backend).limits(queue).seconds or 0) // 60 or None,
        ),
    )


def _create_pipeline_run(attempt: ClusterJobAttempt, call: NextflowCall, rendered: Rendered) -> None:
    PipelineRun.objects.get_or_create(
        attempt=attempt,
        defaults={
            "batch_id": call.batch_id,
            "round": call.round,
            "resumed": rendered.resumed,
            "nextflow_version": rendered.environment.get("NXF_VER", ""),
        },
    )


def _intent(attempt: ClusterJobAttempt) -> dict[str, Any]:
    """Enough to rebuild the rows from, without a secret."""
    job = attempt.job
    of_the_job = {name: getattr(job, name) for name in ("logical_key", "name", "kind", "backend", "study_id", "spec")}
    of_the_attempt = {name: getattr(attempt, name) for name in ("token", "number", *ASKED)}
    return {"version": 1, "job": str(job.pk), "working_dir": _working_dir(job)} | of_the_job | of_the_attempt


def _working_dir(job: ClusterJob) -> str:
    """A head is started in its launch folder, where its history lies."""
    return job.spec["nextflow"]["launch_dir"] if job.spec["nextflow"] else job.spec["working_dir"]


def base_environment() -> dict[str, str]:
    """What any command of ours may expect: all that a job gets of this process's environment."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(Path.home()),
        "USER": getpass.getuser(),
        "LANG": "C.UTF-8",
        "TMPDIR": tempfile.gettempdir(),
    } | {name: os.environ[name] for name in ("SLURM_CONF",) if name in os.environ}
