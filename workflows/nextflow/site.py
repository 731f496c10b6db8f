"""How this deployment runs Nextflow: settings and machine."""

import getpass
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True)
class Site:
    """``longest_minutes`` is the time limit of ``queue``; ``environment`` is what every command gets."""

    executable: str
    home: str
    executor: str
    environment: dict[str, str]
    java_home: str = ""
    plugins_dir: str = ""
    version: str = ""
    offline: bool = True
    queue: str = ""
    longest_minutes: int | None = None
    has_ps: bool = True


def base_environment() -> dict[str, str]:
    """What any command of ours may expect: all that a job gets of this process's environment."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(Path.home()),
        "USER": getpass.getuser(),
        "LANG": "C.UTF-8",
        "TMPDIR": tempfile.gettempdir(),
    } | {name: os.environ[name] for name in ("SLURM_CONF",) if name in os.environ}


def this_site(*, executor: str, longest_minutes: int | None = None) -> Site:
    """Read settings and machine.

    :param longest_minutes: what the tasks' partition admits
    :param executor: the backend's name, ``slurm`` or ``local``; tasks run where their head runs
    """
    nextflow, cluster = settings.EMG_CONFIG.nextflow, settings.EMG_CONFIG.cluster
    return Site(
        executable=nextflow.executable,
        home=str(nextflow.home),
        executor=executor,
        environment=base_environment(),
        java_home=nextflow.java_home,
        plugins_dir=str(nextflow.plugins_dir or ""),
        version=nextflow.version,
        offline=nextflow.offline,
        queue=cluster.default_partition if executor == "slurm" else "",
        longest_minutes=longest_minutes,
        # Only here can we look: the nodes of a cluster are not this machine.
        has_ps=executor != "local" or shutil.which("ps") is not None,
    )
