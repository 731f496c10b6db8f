"""What one attempt's job directory and submit call hold, from its rows (step S2 and S4 of the submission)."""

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
from workflows.nextflow.site import base_environment, this_site


def write_attempt_directory(attempt: ClusterJobAttempt) -> None:
    """Render the command and write everything the node reads; a Nextflow head gets its ``PipelineRun`` too.

    :raises WrongCall, UnknownReference, OSError: the attempt stays as it is, a later call tries again
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
    longest = get_backend(attempt.job.backend).longest_minutes(settings.EMG_CONFIG.cluster.default_partition)
    history = Path(call.launch_dir) / ".nextflow" / "history"
    return render(
        call,
        token=attempt.token,
        directory=job_directory(attempt.token),
        memory_mib=attempt.memory_mib,
        history=history.read_text() if history.exists() else None,
        site=this_site(executor=attempt.job.backend, longest_minutes=longest),
        cpus=attempt.cpus,
    )


def _create_pipeline_run(attempt: ClusterJobAttempt, call: NextflowCall, rendered: Rendered) -> None:
    PipelineRun.objects.get_or_create(
        attempt=attempt,
        defaults={
            "batch_id": call.batch_id,
            "round": call.round,
            "resumed": rendered.resumed,
            "nextflow_version": rendered.environment.get("NXF_VER", ""),
            "params_sha256": attempt.job.spec["inputs"].get(call.params_file, ""),
            "samplesheet_sha256": attempt.job.spec["inputs"].get(call.samplesheet, ""),
            "progress": rendered.progress,
        },
    )


def _intent(attempt: ClusterJobAttempt) -> dict[str, Any]:
    """Enough to rebuild the rows from, without a secret."""
    job = attempt.job
    of_the_job = {name: getattr(job, name) for name in ("logical_key", "name", "kind", "backend", "spec")}
    of_the_attempt = {name: getattr(attempt, name) for name in ("token", "number", *ASKED)}
    return {"version": 1, "job": str(job.pk), "working_dir": _working_dir(job)} | of_the_job | of_the_attempt


def _working_dir(job: ClusterJob) -> str:
    """A head is started in its launch folder, where its history lies."""
    return job.spec["nextflow"]["launch_dir"] if job.spec["nextflow"] else job.spec["working_dir"]
