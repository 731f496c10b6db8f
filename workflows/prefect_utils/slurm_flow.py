"""Cluster jobs as a flow's author writes them (``spec/cluster-jobs.md`` §5.2), and move-data."""

import fnmatch
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from django.conf import settings

from workflows.prefect_utils.django_flow import actor, django_flow, publish_artifact, this_run
from workflows.prefect_utils.job_arguments import checked_folder, digest_of, memory_in_mib
from workflows.prefect_utils.job_results import ClusterJobFailedException, ClusterJobResult, wait_for_cluster_jobs
from workflows.prefect_utils.slurm_policies import ResubmitAlwaysPolicy, ResubmitIfFailedPolicy

from workflows.cluster.copying import PathRefused, PlanLine, check_ends, copy_request, plan_of, read_report, write_plan
from workflows.cluster.policies import Policy
from workflows.cluster.requests import Caller, JobRequest, key_of, record_intent
from workflows.cluster.secrets import mask
from workflows.cluster.submission import submit_job
from workflows.models import ClusterJob

MOVE = "move"  # the one call of a move-data run


def run_cluster_job(**asked: Any) -> ClusterJobResult:
    """Start one job and wait for it: :func:`start_cluster_job`, then :func:`wait_for_cluster_jobs`.

    :param on_failure: ``raise`` (default) or ``return``
    """
    on_failure = asked.pop("on_failure", "raise")
    return wait_for_cluster_jobs([start_cluster_job(**asked)], on_failure=on_failure)[0]


def start_cluster_job(
    *,
    name: str,
    command: list[str],
    expected_time: timedelta,
    memory: int | str,
    working_dir: str | Path,
    environment: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    cpus: int = 1,
    partition: str = "",
    account: str = "",
    qos: str = "",
    resubmit_policy: Policy = ResubmitIfFailedPolicy,
    input_files_to_hash: Iterable[str | Path] = (),
    key: str | None = None,
) -> ClusterJob:
    """Record and submit a job; returns at once.

    :param command: argv, never a shell's text
    :param expected_time: the time limit of the first attempt
    :param memory: MiB, or ``"10G"``, ``"512M"``
    :param working_dir: absolute, under a configured root
    :param environment: everything the job gets; nothing else of ours reaches it
    :param secrets: variable → reference
    :param input_files_to_hash: their content is part of what makes it the same work
    :param key: the call's name in this run
    :raises TypeError: a text where a list or a dict is wanted, with the form that works
    :raises ValueError: a memory or folder that is none
    """
    if isinstance(command, str):
        raise TypeError(f"command must be a list, not text: write command={command.split()!r}")
    if isinstance(environment, str):
        raise TypeError('environment must be a dict of what the job needs; "ALL" of the worker never reaches a job')
    request = JobRequest(
        name=name,
        kind=ClusterJob.Kind.COMMAND,
        working_dir=str(checked_folder(Path(working_dir))),
        argv=[str(part) for part in command],
        environment=dict(environment or {}),
        secrets=dict(secrets or {}),
        cpus=cpus,
        memory_mib=memory_in_mib(memory),
        time_limit_seconds=int(expected_time.total_seconds()),
        partition=partition,
        account=account,
        qos=qos,
        inputs=dict.fromkeys(map(str, input_files_to_hash), ""),
    )
    return submit_request(request, policy=resubmit_policy, key=key)


def submit_request(request: JobRequest, *, policy: Policy, key: str | None = None) -> ClusterJob:
    """Record the intent of any request as a call of this run, commit, submit.

    An input without a digest is read when the call is new: the job itself may change it, and a wake must find its call.
    """
    execution, caller = this_run(), None
    if execution is not None:
        caller = execution.caller(key or execution.counted(key_of(replace(request, inputs={}), policy)))
        if job := job_of_call(caller):
            submit_job(job)
            return job
    inputs = {path: digest or digest_of(Path(path)) for path, digest in request.inputs.items()}
    intent = record_intent(request=replace(request, inputs=inputs), policy=policy, actor=actor(), caller=caller)
    submit_job(intent.job)
    _show(intent.job, request, intent.decision)
    return intent.job


def job_of_call(caller: Caller) -> ClusterJob | None:
    """What an earlier execution of this run got for the same call."""
    return ClusterJob.objects.filter(calls__flow_run=caller.flow_run_id, calls__call_key=caller.call_key).first()


@dataclass(frozen=True)
class CopyReport:
    """What move-data did. ``sha256`` is that of the list of files with their digests."""

    files: int
    bytes: int
    skipped: int
    seconds: float
    sha256: str


@django_flow(flow_run_name="Move data: {source} > {target}")
def move_data(
    source: str,
    target: str,
    move_command: Literal["cp", "mv", "rsync"] = "cp",
    *,
    include: list[str] | None = None,
    exclude: list[str] | None = None,
    timeout_seconds: int = 14400,
) -> CopyReport:
    """Copy a tree and prove it; with ``mv`` the source goes after the verified copy.

    :param include: globs over the paths below ``source``; ``exclude`` wins
    :raises PathRefused: an end is outside the configured roots, or inside the other
    :raises ClusterJobFailedException: missing source, full disk, mismatch, time limit
    """
    slurm = settings.EMG_CONFIG.slurm
    roots = [slurm.default_workdir, slurm.default_nextflow_workdir, slurm.ftp_results_dir, slurm.private_results_dir]
    check_ends(Path(source), Path(target), sources=roots, targets=roots)
    execution = this_run()
    job = job_of_call(execution.caller(MOVE)) if execution else None
    if job is None:  # else the tree may be on its way already: what is left of it would be another plan
        lines = list(_plan(Path(source), Path(target), include or ["*"], exclude or []))
        if not lines:
            raise FileNotFoundError(f"nothing to copy in {source}")
        plan = write_plan(slurm.default_workdir / "move_data", lines)
        request = copy_request(
            name=f"move-data {Path(source).name}",
            plan=plan,
            logical_key=f"move-data:{plan.stem}:{move_command}",
            arguments=["--move"] if move_command == "mv" else [],
            time_limit_seconds=timeout_seconds,
        )
        job = submit_request(request, policy=ResubmitAlwaysPolicy, key=MOVE)
    (result,) = wait_for_cluster_jobs([job])
    verified, refused = read_report(plan_of(job))
    if refused:
        raise ClusterJobFailedException(f"{job.name}: {refused}", result)
    return _copy_report([entry for entries in verified.values() for entry in entries], result)


def _plan(source: Path, target: Path, include: list[str], exclude: list[str]) -> Iterator[PlanLine]:
    for path in sorted(source.rglob("*")) if source.is_dir() else []:
        inside = str(path.relative_to(source))
        wanted = any(fnmatch.fnmatch(inside, glob) for glob in include)
        if path.is_file() and wanted and not any(fnmatch.fnmatch(inside, glob) for glob in exclude):
            if not path.resolve().is_relative_to(source.resolve()):
                raise PathRefused(f"{path} leads out of {source}")
            yield PlanLine(source=str(path), target=str(target), path=inside, bytes=path.stat().st_size)


def _copy_report(entries: list[dict[str, Any]], result: ClusterJobResult) -> CopyReport:
    listed = "".join(f"{entry['sha256']}  {entry['path']}\n" for entry in entries)
    started, ended = result.started_at, result.ended_at
    return CopyReport(
        files=len(entries),
        bytes=sum(entry["bytes"] for entry in entries),
        skipped=sum(entry["skipped"] for entry in entries),
        seconds=(ended - started).total_seconds() if started and ended else 0.0,
        sha256=hashlib.sha256(listed.encode()).hexdigest(),
    )


def _show(job: ClusterJob, request: JobRequest, decision: str) -> None:
    command = mask(" ".join(request.argv or ["nextflow"]))
    page = f"{settings.EMG_CONFIG.service_urls.site_url}/admin/workflows/clusterjob/{job.pk}/change/"
    limits = f"{request.memory_mib} MiB, {request.cpus} CPUs, {timedelta(seconds=request.time_limit_seconds)}"
    publish_artifact(
        f"cluster-job-{str(job.pk)[:8]}",
        f"## {job.name}\n\n[{decision}, state and log]({page})\n\n```\n{command}\n```\n\n{limits}\n",
    )
