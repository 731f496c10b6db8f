"""A real cluster for tests: jobs that prove how often they ran, passes, processes that die at a named point."""

import contextlib
import os
import shutil
import signal
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.db import connections
from django.db.models.functions import Now

from workflows.cluster.backends import get_backend
from workflows.cluster.classify import LIVE_WORDS, base_word
from workflows.cluster.identity import installation, our_token
from workflows.cluster.job_files import job_directory
from workflows.cluster.policies import POLICIES
from workflows.cluster.reconciler import run_pass
from workflows.cluster.requests import JobRequest, record_intent
from workflows.cluster.submission import submit_job
from workflows.models import ClusterJob, ClusterJobAttempt

SUBMIT_FAILPOINTS = ("intent", "leased", "written", "looked", "replied", "recorded", "fenced", "released")
WON, LOST = 0, 3
DEFAULT_POLICY = POLICIES["ResubmitIfFailedPolicy"]


@dataclass
class Cluster:
    """One backend with directories of its own. ``ledger`` holds a line ``<token> <scheduler id>`` for each run."""

    backend_name: str
    root: Path

    @property
    def ledger(self) -> Path:
        return self.root / "ledger"

    @property
    def backend(self):
        return get_backend(self.backend_name)

    def request(self, script="true", *, name="a test job", **changed):
        """A command that first signs the ledger, then runs ``script`` (bash)."""
        asked = {
            "name": name,
            "kind": ClusterJob.Kind.COMMAND,
            "working_dir": str(self.root),
            "argv": ["bash", str(self.script), script],
            "memory_mib": 64,
            "time_limit_seconds": 120,
            "cancel_grace_seconds": 2,
        }
        return JobRequest(**asked | changed)

    @property
    def script(self) -> Path:
        """Finds out which attempt it runs for by its log file, which both backends open in the job directory."""
        path = self.root / "signed.sh"
        if not path.exists():
            path.write_text(
                'directory=$(dirname "$(readlink /proc/self/fd/2)")\n'
                f'echo "$(basename "$directory") $(cat "$directory/job_id")" >> {self.ledger}\n'
                'exec bash -c "$1"\n'
            )
        return path

    def intend(self, script="true", *, policy=DEFAULT_POLICY, **changed):
        return record_intent(request=self.request(script, **changed), policy=policy, actor="test").job

    def start(self, script="true", **changed):
        job = self.intend(script, **changed)
        submit_job(job)
        return job

    def runs(self):
        """How often each token's command ran."""
        lines = self.ledger.read_text().splitlines() if self.ledger.exists() else []
        return Counter(line.split()[0] for line in lines)

    def in_scheduler(self, *, live=True):
        """The scheduler's jobs of this installation."""
        ours = installation()
        return [
            seen
            for seen in self.backend.observe()
            if our_token(seen.name, ours) and (not live or base_word(seen.word) in LIVE_WORDS)
        ]

    def break_down(self, attempt):
        """What a failing node does: whoever runs the command is gone without a word."""
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and attempt.token.encode() in (entry / "cmdline").read_bytes():
                    os.kill(int(entry.name), signal.SIGKILL)

    def close(self):
        ids = [seen.job_id for seen in self.in_scheduler()]
        with contextlib.suppress(FileNotFoundError):
            self.backend.cancel(ids, gentle=False)


def run_passes_until(true, *, seconds=60, pause=0.2):
    """Turn the duty ``scheduler`` by hand until ``true()``.

    :raises AssertionError: it never came true; names where the open attempts stand
    """
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"still waiting for: {[str(a) for a in ClusterJobAttempt.objects.all()]}")
        run_pass()
        time.sleep(pause)


def is_final(*jobs):
    """A condition for :func:`run_passes_until`."""
    return lambda: not ClusterJob.objects.filter(pk__in=[job.pk for job in jobs], state="OPEN").exists()


def let_time_pass():
    """Every lease, back-off and courtesy towards the caller is over now."""
    past = Now() - timedelta(hours=1)
    ClusterJobAttempt.objects.filter(lease_until__isnull=False).update(lease_until=past)
    ClusterJobAttempt.objects.filter(not_before__isnull=False).update(not_before=past)
    ClusterJobAttempt.objects.filter(state="INTENDED").update(created_at=past)


def in_child(call):
    """Run ``call`` in a process of its own and give its wait status."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        try:
            call()
        finally:
            os._exit(0)
    return os.waitpid(pid, 0)[1]


def race(call, *, callers=8, losers=()):
    """``call(number)`` in processes that start together; how many of them lost by one of these exceptions."""
    connections.close_all()
    gate, opener = os.pipe()
    with tempfile.TemporaryFile("w+") as faults:
        pids = []
        for number in range(callers):
            pids.append(os.fork())
            if pids[-1] == 0:
                _run_racer(lambda number=number: call(number), gate, opener, losers, faults)
        os.close(gate)
        os.close(opener)  # now they run
        ends = Counter(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids)
        faults.seek(0)
        assert set(ends) <= {WON, LOST}, f"{ends}\n{faults.read()}"
    return ends[LOST]


def _run_racer(call, gate, opener, losers, faults):
    end = 1
    try:
        os.close(opener)
        os.read(gate, 1)
        call()
        end = WON
    except losers:
        end = LOST
    except BaseException:  # noqa: BLE001 - whatever it was is told to the parent
        traceback.print_exc(file=faults)
        faults.flush()
    finally:
        os._exit(end)


def kill_at(failpoint, call):
    """Run ``call`` in a process that is killed at the failpoint; true if it came so far."""

    def armed():
        os.environ |= {"EMG_FAILPOINTS_ENABLED": "1", "EMG_FAILPOINT": f"{failpoint}:kill"}
        call()

    status = in_child(armed)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def fake_command(directory: Path, name: str, script: str, monkeypatch):
    """Put a command before the real one on PATH, or another in its place; in ``script`` the real one is ``$REAL``."""
    path = directory / name
    path.unlink(missing_ok=True)
    real = shutil.which(name)
    directory.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/bash\nREAL={real}\n{script}\n")
    path.chmod(0o755)
    if str(directory) not in os.environ["PATH"].split(":"):
        monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")


def fold(events):
    """The state that a row's events tell."""
    told = [event.to_state for event in events.order_by("id") if event.to_state]
    return told[-1] if told else None


def directory_of(job):
    return job_directory(job.attempts.latest("number").token)
