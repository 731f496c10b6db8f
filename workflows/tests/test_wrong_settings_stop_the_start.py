import os
import subprocess
import sys

import pytest
from django.core import checks

from workflows.start_checks import START, refuse_wrong_start


@pytest.fixture
def set_cluster(settings, tmp_path):
    """Good folders, and what a test changes of the group ``cluster``."""
    config = settings.EMG_CONFIG
    folders = ("default_workdir", "default_nextflow_workdir", "pipelines_root_dir")
    results = ("ftp_results_dir", "private_results_dir")
    changed = {
        "slurm": config.slurm.model_copy(update=dict.fromkeys((*folders, *results), tmp_path)),
        "nextflow": config.nextflow.model_copy(update={"home": tmp_path}),
    }

    def set_cluster(**columns):
        cluster = config.cluster.model_copy(update={"state_root": tmp_path / "made later"} | columns)
        settings.EMG_CONFIG = config.model_copy(update=changed | {"cluster": cluster})

    set_cluster()
    return set_cluster


def test_good_settings_start(set_cluster):
    refuse_wrong_start()


def test_times_that_break_the_protocol(set_cluster, settings):
    times = settings.EMG_CONFIG.cluster.times.model_copy(update={"lease": 69, "submit_timeout": 60, "settle": 4})
    set_cluster(times=times)
    with pytest.raises(SystemExit) as refusal:
        refuse_wrong_start()
    _, lease, settle = str(refusal.value).splitlines()
    assert "EMG_CLUSTER__TIMES__LEASE: 69 s" in lease
    assert "70 s at least" in lease
    assert "EMG_CLUSTER__TIMES__SETTLE: 4 s" in settle


def test_a_folder_that_cannot_be_made(set_cluster, tmp_path):
    (tmp_path / "file").touch()
    set_cluster(state_root=tmp_path / "file" / "state")
    with pytest.raises(SystemExit, match=r"EMG_CLUSTER__STATE_ROOT: .*state cannot be written"):
        refuse_wrong_start()


@pytest.mark.parametrize(
    "start",
    [["manage.py", "reconcile", "--once"], ["manage.py", "prefectcli", "worker", "start"], ["emgapiv2/wsgi.py"]],
)
def test_nothing_starts_without_folders_and_each_is_named(start):
    bare = {name: value for name, value in os.environ.items() if "ROOT" not in name and "DIR" not in name}
    argv = [sys.executable, *start]
    refused = subprocess.run(argv, env=bare | {"PYTHONPATH": "."}, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    lines = [line for line in refused.stderr.splitlines() if "not set" in line]
    assert len(lines) == 6
    assert len([line for line in lines if "EMG_CLUSTER__STATE_ROOT" in line]) == 1


def test_other_commands_do_not_ask_for_them():
    assert not [fault for fault in checks.run_checks() if fault.id == "workflows.E001"]
    assert START in checks.registry.registry.tags_available(deployment_checks=True)
