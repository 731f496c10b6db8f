"""``doctor --probe``: what exactly-once stands on is asked of the real scheduler, and nothing stays behind."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from workflows.tests.cluster import fake_command


def probes(cluster):
    return [seen for seen in cluster.backend.observe() if seen.name.startswith("probe-") and seen.word == "PENDING"]


def test_a_held_job_is_looked_at_and_cancelled(cluster, capsys):
    call_command("doctor", probe=True)
    assert "under its name, and cancelled it unstarted" in capsys.readouterr().out
    assert probes(cluster) == []
    assert list(cluster.root.glob("state/probe-*")) == []


@pytest.mark.slurm
@pytest.mark.parametrize(
    "lie", ['$REAL "${@/--hold/--requeue}"', '$REAL "${@/--job-name=*/--job-name=another}"', "exit 1"]
)
def test_a_scheduler_that_does_otherwise_is_told(slurm, lie, tmp_path, monkeypatch):
    fake_command(tmp_path / "fakes", "sbatch", lie, monkeypatch)
    with pytest.raises(CommandError, match="does not do as we need") as refused:
        call_command("doctor", probe=True)
    assert refused.value.returncode == 1
    assert probes(slurm) == []
