"""Running the bundled pipelines as the platform does, and loading their scripts, for tests only."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from django.conf import settings

PIPELINES = Path(__file__).parents[1] / "pipelines"


def load_script(slug: str, name: str) -> ModuleType:
    """A script as a module; without byte code beside it, since a pipeline's folder is named by its content."""
    sys.path[:0] = [str(PIPELINES / slug / "bin"), str(PIPELINES / "bin")]
    writes_nothing, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        return importlib.import_module(name)
    finally:
        sys.dont_write_bytecode = writes_nothing
        del sys.path[:2]


def merged_copy(slug: str, target: Path) -> Path:
    """The pipeline's folder with the shared scripts in its own ``bin/``."""
    for source, copy in ((PIPELINES / slug, target), (PIPELINES / "bin", target / "bin")):
        shutil.copytree(source, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return target


def nextflow_or_skip() -> str:
    executable = settings.EMG_CONFIG.nextflow.executable
    if not shutil.which(executable):
        pytest.skip(f"EMG_NEXTFLOW__EXECUTABLE: there is no {executable}")
    answer = subprocess.run([executable, "-version"], capture_output=True, text=True, env=_environment(), check=False)
    if answer.returncode:
        pytest.skip(f"{executable} does not run: {answer.stderr.strip() or answer.stdout.strip()}")
    return executable


class BundledRun:
    """One launch folder of one pipeline; ``run`` again resumes the session."""

    def __init__(self, slug: str, folder: Path) -> None:
        self.executable, self.folder, self.turn = nextflow_or_skip(), folder, 0
        self.copy = merged_copy(slug, folder / "pipeline")

    def run(self, **params: object) -> subprocess.CompletedProcess:
        self.turn += 1
        launch = self.folder / "launch"
        launch.mkdir(exist_ok=True)
        (launch / "params.json").write_text(json.dumps(params, default=str))
        name, trace = f"turn{self.turn}", self.folder / f"trace{self.turn}.tsv"
        command = [self.executable, "-log", f"{self.folder}/{name}.log", "run", str(self.copy / "main.nf")]
        command += ["-name", name, "-params-file", "params.json", "-work-dir", str(self.folder / "work")]
        command += ["-with-trace", str(trace), "-ansi-log", "false"] + (["-resume"] if self.turn > 1 else [])
        return subprocess.run(command, cwd=launch, capture_output=True, text=True, env=_environment(), check=False)

    def trace(self) -> str:
        return (self.folder / f"trace{self.turn}.tsv").read_text()


def _environment() -> dict[str, str]:
    home = str(settings.EMG_CONFIG.nextflow.home)
    return os.environ | {"NXF_OFFLINE": "true", "NXF_HOME": home, "NXF_DISABLE_CHECK_LATEST": "true"}
