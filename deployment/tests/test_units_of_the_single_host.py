"""The systemd units: as systemd itself reads them, and with settings that the platform takes."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deployment.local.environment import CHECKOUT

HERE = CHECKOUT / "deployment" / "single-host"
UNITS = sorted(HERE.glob("emg*.*"))


@pytest.fixture
def units(tmp_path):
    """As they will lie in /etc/systemd/system, over this checkout and its programs."""
    ours = str(Path(sys.executable).parent)
    for unit in UNITS:
        text = unit.read_text().replace("/opt/emg/current/.venv/bin", ours).replace("/opt/emg/current", str(CHECKOUT))
        (tmp_path / unit.name).write_text(text)
    return tmp_path


def test_systemd_finds_nothing_wrong(units):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here")
    ours = [str(unit) for unit in units.iterdir()]
    argv = ["systemd-analyze", "verify", "--man=no", *ours]
    told = subprocess.run(argv, capture_output=True, text=True, check=False)
    lines = [line for line in told.stderr.splitlines() if "/emg" in line or line.startswith("emg")]
    assert not lines
    (units / "emg-web.service").write_text("[Service]\nExecStart=/nowhere/gunicorn\n")
    assert "/nowhere/gunicorn" in subprocess.run(argv, capture_output=True, text=True, check=False).stderr


def test_the_target_starts_every_unit():
    wanted = re.search(r"Wants=(.*)", (HERE / "emg.target").read_text())[1].split()
    assert sorted(wanted) == [unit.name for unit in UNITS if unit.suffix == ".service"]


def test_its_settings_are_taken(tmp_path):
    make = (HERE / "make_secrets").read_text().replace("/etc/emg", str(tmp_path))
    for _ in range(2):  # made once
        subprocess.run(["bash", "-c", make], check=True)
    (tmp_path / "settings.env").write_text((HERE / "settings.env").read_text())
    assert (tmp_path / "secrets.env").stat().st_mode & 0o077 == 0
    read = f"set -a; . {tmp_path}/settings.env; . {tmp_path}/secrets.env"
    script = f"{read}; exec {sys.executable} manage.py check"
    own = {name: value for name, value in os.environ.items() if not name.startswith("EMG_")}
    end = subprocess.run(["bash", "-c", script], cwd=CHECKOUT, env=own, capture_output=True, text=True, check=False)
    assert end.returncode == 0, end.stderr
