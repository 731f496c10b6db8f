"""The machine itself as a scheduler: one supervisor a job, no daemon. ``spec/cluster-jobs.md`` §3.

The truth of a job is its supervisor's process and the files of ``<state_root>/local/<token>/``; nothing is kept in
memory, so any process of the platform may ask at any time.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from workflows.cluster import node
from workflows.cluster.backends.base import (
    Accounting,
    BackendUnavailable,
    Limits,
    Reply,
    ReplyKind,
    Sighting,
    Slots,
    SubmitRequest,
)
from workflows.cluster.node import supervisor

START_SECONDS = 10
LIVE = {"PENDING", "RUNNING"}
SHARE_FOR_JOBS = 0.8


@dataclass(frozen=True)
class LocalBackend:
    root: Path
    name: str = "local"
    cluster: str = "local"

    def submit_held(self, request: SubmitRequest) -> Reply:
        """Start the supervisor. A token that has one already answers with its id: it is never run twice."""
        room_mib, cores = _room_mib(), _cores()
        if request.memory_mib > room_mib or request.cpus > cores:
            asked = f"{request.memory_mib} MiB and {request.cpus} cores"
            has = f"{room_mib} MiB and {cores} cores"
            return Reply(ReplyKind.REFUSED, text=f"asks for {asked}, this machine has {has} for jobs")
        home = self.root / request.token
        if home.exists() and not (home / "process").exists():
            if time.time() - home.stat().st_mtime < START_SECONDS or supervisor.processes_with(request.token):
                return Reply(ReplyKind.UNKNOWN, text="its supervisor is starting")
            home.rename(self.root / f".dead.{request.token}.{time.time_ns()}")
        said = "" if home.exists() else _start(home, request)
        with contextlib.suppress(FileNotFoundError):
            return Reply(ReplyKind.ID, json.loads((home / "process").read_text())["job_id"])
        return Reply(ReplyKind.UNKNOWN, text=said[-500:] or "the supervisor said nothing")

    def release(self, job_ids: Sequence[str]) -> None:
        """Bid the supervisors look at their fence now; they would within half a second anyway."""
        _signal(job_ids, supervisor.NUDGE)

    def cancel(self, job_ids: Sequence[str], *, gentle: bool) -> None:
        _signal(job_ids, supervisor.END if gentle else supervisor.END_SOON)

    def sweep(self, job_ids: Sequence[str]) -> None:
        """There are none: what a head starts here is of its own group, and ends with it."""

    def observe(self) -> list[Sighting]:
        """Every job of ours that has a directory; a dead supervisor's leftovers are killed on the way."""
        return [_sighting(*found) for found in _jobs(self._homes())]

    def find(self, token: str) -> list[Sighting]:
        return [_sighting(*found) for found in _jobs([self.root / token])]

    def account(self, job_ids: Iterable[str]) -> list[Accounting]:
        wanted = set(job_ids)
        return [job for job, _ in _jobs(self._homes()) if job.job_id in wanted]

    def limits(self, partition: str) -> Limits:  # noqa: ARG002 - this machine has no partitions
        return Limits(memory_mib=_room_mib())

    def capacity(self) -> Slots:
        """The settings ``local_max_jobs`` and ``local_memory_mib``, or what this machine has."""
        return Slots(settings.EMG_CONFIG.cluster.local_max_jobs or max(1, _cores() - 1), _room_mib())

    def _homes(self) -> list[Path]:
        try:
            return sorted(home for home in self.root.iterdir() if home.is_dir() and not home.name.startswith("."))
        except OSError as error:
            raise BackendUnavailable(f"cannot list {self.root}: {error}") from error


def make_backend() -> LocalBackend:
    root = settings.EMG_CONFIG.cluster.state_root / "local"
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    return LocalBackend(root)


def is_alive(job_id: str) -> bool:
    """Whether that very supervisor runs: a process with its pid is not enough, pids are given again."""
    try:
        pid = _pid_of(job_id)
        return supervisor.job_id_of(pid) == job_id and supervisor.read_stat(pid)[supervisor.STATE] != "Z"
    except (OSError, ValueError, IndexError):  # no such process; no id of ours
        return False


def _start(home: Path, request: SubmitRequest) -> str:
    """Run the supervisor until it has detached itself; gives what it complained of."""
    order = asdict(request) | {"home": home, "script": node.install("run_job.sh")}
    starter = subprocess.Popen(
        [sys.executable, "-I", "-S", supervisor.__file__, json.dumps(order, default=str)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd="/",
        env={"DJ_TOKEN": request.token, "PATH": os.defpath, "LC_ALL": "C.UTF-8"},
    )
    try:
        return starter.communicate(timeout=START_SECONDS)[0]
    except subprocess.TimeoutExpired:
        starter.kill()
        return "the supervisor did not answer in time"


def _jobs(homes: Iterable[Path]) -> Iterator[tuple[Accounting, Path]]:
    """Each with its job directory. :raises BackendUnavailable: a full disk, a damaged file"""
    for home in homes:
        try:
            yield _read(home)
        except FileNotFoundError:  # one that is just starting
            continue
        except (OSError, ValueError) as error:
            raise BackendUnavailable(f"{home}: {error}") from error


def _sighting(job: Accounting, directory: Path) -> Sighting:
    held = job.word == "PENDING" and not (directory / "job_id").exists()
    reason = "JobHeldUser" if held else "None"
    return Sighting(job.job_id, job.word, reason, job.submit_time, job.name, job.started_at)


def _read(home: Path) -> tuple[Accounting, Path]:
    process = json.loads((home / "process").read_text())
    job_id, directory = process["job_id"], Path(process["directory"])
    alive = is_alive(job_id)  # asked before reading: a word told before a death must not be missed
    report = json.loads((home / "local.json").read_text())
    if report["word"] in LIVE and not alive:
        supervisor.sweep(home.name)
        report |= {"ended_at": int(time.time())} | _last_word(job_id, directory)
        supervisor.write_file(home / "local.json", json.dumps(report))
    return Accounting(job_id=job_id, name=home.name, **report), directory


def _last_word(job_id: str, directory: Path) -> dict[str, str | int]:
    """On a job whose supervisor died: what the marker says if that was written before; else nobody saw the end."""
    marker = directory / "exit"
    found, code, _, _, why = marker.read_text().split() if marker.exists() else [""] * 5
    if found != job_id:
        return {"word": "NODE_FAIL"}
    word = {"time_limit": "TIMEOUT", "term": "CANCELLED"}.get(why, "COMPLETED" if code == "0" else "FAILED")
    return {"word": word, "exit_code": int(code)}


def _signal(job_ids: Iterable[str], number: int) -> None:
    for job_id in job_ids:
        if is_alive(job_id):
            with contextlib.suppress(ProcessLookupError):
                os.kill(_pid_of(job_id), number)


def _pid_of(job_id: str) -> int:
    return int(job_id.split(".")[1])


def _room_mib() -> int:
    machine_mib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1024**2
    return settings.EMG_CONFIG.cluster.local_memory_mib or int(machine_mib * SHARE_FOR_JOBS)


def _cores() -> int:
    return len(os.sched_getaffinity(0))
