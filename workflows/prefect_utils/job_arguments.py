"""What a flow's author writes of a job, as the job layer takes it (``spec/cluster-jobs.md`` §5.2)."""

import hashlib
import re
from pathlib import Path

from django.conf import settings

MEMORY = re.compile(r"(\d+(?:\.\d+)?)\s*([MG])i?B?", re.IGNORECASE)


def checked_folder(folder: Path) -> Path:
    """:raises ValueError: not absolute, or under none of the configured roots"""
    slurm, cluster = settings.EMG_CONFIG.slurm, settings.EMG_CONFIG.cluster
    roots = [slurm.default_workdir, slurm.default_nextflow_workdir, cluster.state_root]
    if not folder.is_absolute() or not any(folder.resolve().is_relative_to(root.resolve()) for root in roots):
        raise ValueError(f"working_dir {folder} is not an absolute path under {', '.join(map(str, roots))}")
    return folder


def memory_in_mib(memory: int | str) -> int:
    """:raises ValueError: neither MiB nor a text with M or G"""
    if isinstance(memory, int):
        return memory
    match = MEMORY.fullmatch(memory.strip())
    if not match:
        raise ValueError(f'memory {memory!r} is neither MiB nor like "10G" or "512M"')
    return int(float(match[1]) * (1024 if match[2].upper() == "G" else 1))


def digest_of(path: Path) -> str:
    """BLAKE2b-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32)).hexdigest()
