"""Wrong words, settings and programs are told in a line that names them, before anything is started."""

import os
import shutil
import subprocess
import sys

import pytest
from django.conf import settings

from deployment.local.environment import CHECKOUT, STATE
from deployment.local.processes import StepFailed
from deployment.local.stack import try_nextflow

PLACE = "test-refused"


@pytest.fixture
def home():
    yield STATE / PLACE
    shutil.rmtree(STATE / PLACE, ignore_errors=True)
    (STATE / f"{PLACE}.lock").unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("environment", "words", "told"),
    [
        ({}, ["nonsense"], "'nonsense' is not an accession. Expected a study such as PRJEB51728 or ERP136383"),
        ({}, ["SAMEA7687881"], "'SAMEA7687881' is not an accession. Expected a study"),
        ({"EMG_TYPO": "1"}, [], "EMG_TYPO: no such setting"),
        ({"EMG_ENA__REQUESTS_PER_SECOND": "abc"}, [], "EMG_ENA__REQUESTS_PER_SECOND: Input should be a valid integer"),
        ({"EMG_ENA__DATA_PORTALS": "ena,metagenome"}, [], "DATA_PORTALS: lists and tables are written as JSON"),
    ],
)
def test_a_wrong_word_or_setting(home, environment, words, told):
    argv = [sys.executable, "-m", "deployment.local", "demo", "--place", PLACE, *words]
    end = subprocess.run(argv, cwd=CHECKOUT, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert end.returncode in (1, 2)
    assert told in end.stdout + end.stderr
    assert "Traceback" not in end.stdout + end.stderr
    assert not (home / "logs").exists(), "something was started"


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"EMG_NEXTFLOW__EXECUTABLE": "/bin/false"}, "EXECUTABLE is /bin/false"),
        ({"EMG_NEXTFLOW__EXECUTABLE": "/nowhere/nextflow"}, "No such file or directory: '/nowhere/nextflow'"),
        ({"EMG_NEXTFLOW__JAVA_HOME": "/nowhere/java"}, "JAVA_HOME is /nowhere/java"),
    ],
)
def test_a_nextflow_or_java_that_does_not_start(tmp_path, chosen, told):
    launcher = shutil.which(settings.EMG_CONFIG.nextflow.executable)
    if launcher is None:
        pytest.skip("EMG_NEXTFLOW__EXECUTABLE: there is none here")
    ours = {"EMG_NEXTFLOW__EXECUTABLE": launcher, "EMG_NEXTFLOW__HOME": str(tmp_path / "nextflow")}
    with pytest.raises(StepFailed) as failed:
        try_nextflow(os.environ | ours | chosen, tmp_path)
    assert told in str(failed.value)
