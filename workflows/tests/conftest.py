import os
import shutil

import pytest

from workflows.cluster.backends import get_backend
from workflows.tests.cluster import Cluster

HAS_SLURM = shutil.which("sbatch") is not None
BOTH = [pytest.param("slurm", marks=pytest.mark.slurm), "local"]


def make_cluster(name, settings, root):
    """``settings`` with that backend, directories below ``root`` and short times."""
    if name == "slurm" and not HAS_SLURM and "CI" not in os.environ:
        pytest.skip("no Slurm on this machine")
    config = settings.EMG_CONFIG
    times = config.cluster.times.model_copy(update={"submit_timeout": 5, "marker_grace": 2, "childless": 0.5})
    changed = {"backend": name, "state_root": root / "state", "times": times}
    changed |= {"local_max_jobs": 20, "local_memory_mib": 8000, "installation": None}
    settings.EMG_CONFIG = config.model_copy(update={"cluster": config.cluster.model_copy(update=changed)})
    get_backend.cache_clear()
    return Cluster(name, root)


@pytest.fixture(params=BOTH)
def cluster(request, settings, tmp_path, transactional_db):
    """Each test of it runs on a real Slurm and on the local backend."""
    made = make_cluster(request.param, settings, tmp_path)
    yield made
    made.close()
    get_backend.cache_clear()


@pytest.fixture
def slurm(settings, tmp_path, transactional_db):
    """For what only Slurm can do; mark such tests ``slurm``."""
    made = make_cluster("slurm", settings, tmp_path)
    yield made
    made.close()
    get_backend.cache_clear()
