"""Wrong settings stop the start of what works on them: service, web and worker (``spec/cluster-jobs.md`` §12).

Under a tag of their own and for deployments only: ``migrate``, tests and the like need none of the folders.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core import checks

from workflows.cluster.backends import default_backend_name

START = "start"
NOT_SET = "/nonexistent/set-"  # how the defaults of required folders begin
ROOTS = {
    "slurm": [
        "default_workdir",
        "default_nextflow_workdir",
        "pipelines_root_dir",
        "ftp_results_dir",
        "private_results_dir",
    ],
    "cluster": ["state_root"],
    "nextflow": ["home"],
}
MARGIN_SECONDS = 10  # of lease that must be left when a submit call has been killed for good
SHORTEST_SETTLE_SECONDS = 5


def refuse_wrong_start() -> None:
    """:raises SystemExit: with one line a fault"""
    faults = checks.run_checks(tags=[START], include_deployment_checks=True)
    if faults:
        raise SystemExit("\n  ".join(["Wrong settings, nothing was started:", *(fault.msg for fault in faults)]))


@checks.register(START, deploy=True)
def check_start(**_: object) -> list[checks.CheckMessage]:
    return [checks.Error(fault, id="workflows.E001") for fault in _faults()]


def _faults() -> Iterator[str]:
    times = settings.EMG_CONFIG.cluster.times
    if times.lease < times.submit_timeout + MARGIN_SECONDS:
        shortest = times.submit_timeout + MARGIN_SECONDS
        yield f"EMG_CLUSTER__TIMES__LEASE: {times.lease:g} s; it must outlive a submit call, {shortest:g} s at least"
    if times.settle < SHORTEST_SETTLE_SECONDS:
        yield f"EMG_CLUSTER__TIMES__SETTLE: {times.settle:g} s; {SHORTEST_SETTLE_SECONDS} s at least"
    if default_backend_name() == "local" and not shutil.which("ps"):
        yield "ps is not on this machine (package procps): the trace of Nextflow needs it where its tasks run"
    for group, keys in ROOTS.items():
        for key in keys:
            name, path = f"EMG_{group.upper()}__{key.upper()}", getattr(getattr(settings.EMG_CONFIG, group), key)
            if str(path).startswith(NOT_SET):
                yield f"{name}: not set, a folder is needed"
            elif not _can_be_written(path):
                yield f"{name}: {path} cannot be written"


def _can_be_written(path: Path) -> bool:
    """Or made: what is not there yet is made at its first use."""
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)
