"""The two commands' promise, on both backends, and through every kind of death in the middle."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deployment.local.environment import CHECKOUT, STATE
from deployment.local.processes import MARK

pytestmark = [pytest.mark.prefect, pytest.mark.nextflow, pytest.mark.timeout(1200)]
LONGEST_SECONDS = 400
JOBS = {
    "COMMAND": 0,
    "NEXTFLOW": 4,
    "COPY": 2,
}  # a download for each of 3 samples, one batch; its results, the summaries


class Demo:
    """One demonstration as a person starts it, in a place of its own."""

    def __init__(self, tmp_path: Path, place: str, *options: str, backend: str = "local") -> None:
        place += os.environ.get("PYTEST_XDIST_WORKER", "")  # two processes of the suite never share a stack
        self.home = STATE / place
        self.report = tmp_path / "report.json"
        self.output = tmp_path / "output.txt"
        self.argv = [
            sys.executable,
            "-m",
            "deployment.local",
            "demo",
            "--place",
            place,
            "--report",
            self.report,
            *options,
        ]
        own = {
            name: value for name, value in os.environ.items() if not name.startswith(("EMG_", "PREFECT_", "DJANGO_"))
        }
        self.environment = own | {"EMG_CLUSTER__BACKEND": backend}

    def start(self) -> None:
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(self.argv, cwd=CHECKOUT, env=self.environment, stdout=output, stderr=output)

    def finish(self) -> dict:
        try:
            assert self.process.wait(LONGEST_SECONDS) == 0, self.output.read_text()
        except subprocess.TimeoutExpired:
            self.kill_everything()
            raise
        assert not self.marked(), "a process was left behind"
        return json.loads(self.report.read_text())

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + LONGEST_SECONDS
        while text not in self.output.read_text():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(0.2)

    def marked(self) -> list[int]:
        """The processes that the demonstration started and that live."""
        mark = f"{MARK}={self.home}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
        return found

    def kill(self, program: str) -> None:
        """SIGKILL to the process of ours whose command line holds these words."""
        for pid in self.marked():
            if program in Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode():
                os.kill(pid, signal.SIGKILL)
                return
        raise AssertionError(f"{program} does not run")

    def kill_everything(self) -> None:
        self.process.kill()
        self.process.wait()
        token = (self.home / "installation").read_text()
        for entry in Path("/proc").iterdir():
            try:
                if not entry.name.isdigit():
                    continue
                words = (entry / "environ").read_bytes()
                if f"{MARK}={self.home}".encode() in words or f"DJ_TOKEN=dj{token}".encode() in words:
                    os.kill(int(entry.name), signal.SIGKILL)
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue


def served(report: dict) -> dict:
    return {run: {r["organism"]: r["count"] for r in t["records"]} for run, t in report["taxonomies"].items()}


def kinds_of_jobs(report: dict) -> dict:
    assert {job["state"] for job in report["jobs"]} == {"succeeded"}
    return {kind: sum(job["kind"] == kind for job in report["jobs"]) for kind in JOBS}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> dict:
    """What an ordinary run on this machine serves."""
    demo = Demo(tmp_path_factory.mktemp("undisturbed"), "test-undisturbed", "--fresh")
    demo.start()
    yield demo.finish()
    shutil.rmtree(demo.home, ignore_errors=True)


def test_four_analyses_are_published_with_what_their_reads_hold(undisturbed):
    assert sorted(served(undisturbed)) == ["ERR999000001", "ERR999000002", "ERR999000003", "ERR999000004"]
    assert all(sum(counts.values()) > 480 for counts in served(undisturbed).values())  # of 500 fragments a run
    assert kinds_of_jobs(undisturbed) == JOBS
    assert len(undisturbed["downloads"]) >= 7


@pytest.mark.slurm
def test_on_slurm_another_seed_serves_other_counts(undisturbed, tmp_path):
    if shutil.which("sbatch") is None:
        pytest.skip("there is no Slurm here")
    demo = Demo(tmp_path, "test-slurm", "--fresh", "--seed", "7", backend="slurm")
    demo.start()
    report = demo.finish()
    shutil.rmtree(demo.home, ignore_errors=True)
    assert kinds_of_jobs(report) == JOBS
    assert {job["backend"] for job in report["jobs"]} == {"slurm"}
    assert sorted(served(report)) == sorted(served(undisturbed))
    assert served(report) != served(undisturbed)


@pytest.mark.timeout(600)  # what dies with a run in its hands is missed after a minute, each time
def test_killed_one_by_one_and_all_together_it_ends_the_same(undisturbed, tmp_path):
    demo = Demo(tmp_path, "test-killed", "--fresh")
    demo.start()
    for program in ("prefectcli worker start", "manage.py reconcile", "prefect server start"):
        demo.wait_for("Flow 2")
        demo.kill(program)
        time.sleep(5)
    demo.kill_everything()
    demo.argv.remove("--fresh")
    demo.start()
    report = demo.finish()
    shutil.rmtree(demo.home, ignore_errors=True)
    assert served(report) == served(undisturbed)
    assert kinds_of_jobs(report) == JOBS
