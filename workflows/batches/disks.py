"""What piles up on disks (``spec/pipelines.md`` §4.15): old job directories go, disks that fill up are told."""

import shutil
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models.functions import Now

from workflows.batches.places import GIB
from workflows.models import ClusterJob, ClusterJobAttempt
from workflows.services.attention import have_just

DISK_FULL = "disk_full"


def tidy() -> bool:
    """Hourly."""
    watch_disks()
    return bool(remove_old_directories())


def watch_disks() -> None:
    """Tell of every configured root that has less room than a batch must find."""
    slurm, least = settings.EMG_CONFIG.slurm, settings.EMG_CONFIG.batches.min_free_gib
    roots = {name: root for name, root in slurm if isinstance(root, Path)}
    full: dict[str, tuple[str, None]] = {}
    for name, root in {**roots, "state_root": settings.EMG_CONFIG.cluster.state_root}.items():
        if not root.is_dir():
            full[name] = (f"{root} ({name}): is its disk mounted?", None)
        elif (free := shutil.disk_usage(root).free / GIB) < least:
            full[name] = (f"{root} ({name}): {free:.1f} GiB free, a batch needs {least:g} to start", None)
    have_just(code=DISK_FULL, subject_kind="disk", standing=full)


def remove_old_directories() -> int:
    """Job directories of attempts whose job ended ``retention_days`` ago. A token that no row knows is left alone.

    :return: how many went
    """
    before = Now() - timedelta(days=settings.EMG_CONFIG.cluster.retention_days)
    over = ClusterJobAttempt.objects.filter(ended_at__lt=before).exclude(job__state=ClusterJob.State.OPEN)
    removed = 0
    for shard in sorted((settings.EMG_CONFIG.cluster.state_root / "jobs").glob("*")):
        directories = {directory.name: directory for directory in shard.iterdir()}
        for token in over.filter(token__in=directories).values_list("token", flat=True):
            shutil.rmtree(directories[token])
            removed += 1
    return removed
