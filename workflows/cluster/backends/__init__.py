"""The only room that starts a scheduler command."""

import shutil
from functools import cache
from importlib import import_module
from pathlib import Path

from django.conf import settings

from workflows.cluster.backends.base import Backend

MODULES = {"slurm": "workflows.cluster.backends.slurm", "local": "workflows.cluster.backends.local"}
SLURM_CONFIGURATIONS = (Path("/etc/slurm/slurm.conf"), Path("/etc/slurm-llnl/slurm.conf"))


@cache
def get_backend(name: str) -> Backend:
    """The backend of that name; each module offers ``make_backend()``."""
    return import_module(MODULES[name]).make_backend()


def default_backend_name() -> str:
    """``slurm`` where a Slurm is configured, else ``local``, unless a setting says which."""
    chosen = settings.EMG_CONFIG.cluster.backend
    if chosen != "auto":
        return chosen
    configured = any(path.exists() for path in SLURM_CONFIGURATIONS)
    return "slurm" if shutil.which("sbatch") and configured else "local"
