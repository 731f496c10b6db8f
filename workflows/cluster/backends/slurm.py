"""Slurm through its command line, 22.05 to 25.x: pure functions, and one seam that runs argv (``spec`` §2.1, §2.2)."""

import contextlib
import getpass
import os
import re
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from math import ceil
from pathlib import Path
from tempfile import TemporaryFile

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

SQUEUE_FIELDS = "%i|%T|%r|%V|%S|%j"  # the name last: it alone may hold the separator
SACCT_FIELDS = "JobIDRaw,State,ExitCode,Submit,Start,End,ElapsedRaw,TotalCPU,MaxRSS,NodeList,JobName"
SEPARATOR = "\x1f"
SAFE_VALUE = re.compile(r"[A-Za-z0-9._:,=+/@%-]{1,256}")
OUTPUT_BYTES = 64 * 1024**2
IDS_A_CALL = {"sacct": 10_000, "scancel": 500, "scontrol": 500}
KILL_AFTER_SECONDS = 5
SECONDS_OF = {"squeue": 30, "scontrol": 30, "scancel": 30, "sinfo": 30, "sacct": 60}
WARNING_SECONDS = 300
WARNED_FROM_SECONDS = 1200  # a shorter job would be warned at its start: the signal may come a minute early

REPLY_LINE = re.compile(r"(\d+)(;[\w.-]+)?")
REFUSED = re.compile(
    r"invalid (partition|account|qos)|memory specification can ?not be satisfied|node configuration is not available"
    r"|requested time limit is invalid|more processors requested than permitted|unable to open file|cannot open script"
    r"|unable to chdir|group not permitted to use this partition|access/permission denied|invalid user id"
    r"|count specification invalid|cpu count per node can ?not be satisfied",
    re.IGNORECASE,
)
BUSY = re.compile(r"job submit limit|QOSMaxSubmitJob|AssocMaxSubmitJob|resource temporarily unavailable", re.IGNORECASE)
MEMORY_UNITS = {"": 1 / 1024**2, "K": 1 / 1024, "M": 1, "G": 1024, "T": 1024**2, "P": 1024**3}


class UnsafeValue(ValueError):
    """A value that must not reach the scheduler's command line."""


def render_submit(request: SubmitRequest, script: Path) -> list[str]:
    """The argv of ``sbatch``. :raises UnsafeValue: names the option"""
    options = {
        "job-name": request.token,
        "comment": re.sub(r"[^A-Za-z0-9._:,=+/@%-]+", "_", request.label)[:256],
        "nodes": "1",
        "ntasks": "1",
        "cpus-per-task": str(request.cpus),
        "mem": f"{request.memory_mib}M",
        "time": str(ceil(request.time_limit_seconds / 60)),
        "partition": request.partition,
        "account": request.account,
        "qos": request.qos,
        "chdir": str(request.working_dir),
        "output": str(request.directory / "out.log"),
        "open-mode": "append",
    }
    if request.warn_before_end and request.time_limit_seconds >= WARNED_FROM_SECONDS:
        options["signal"] = f"B:USR1@{WARNING_SECONDS}"
    given = {name: value for name, value in options.items() if value}
    for name, value in given.items():
        if not SAFE_VALUE.fullmatch(value):
            raise UnsafeValue(f"--{name}={value!r}: expected {SAFE_VALUE.pattern}")
    argv = ["sbatch", "--parsable", "--hold", "--export=ALL", "--no-requeue"]
    return [*argv, *(f"--{name}={value}" for name, value in given.items()), str(script), str(request.directory)]


def parse_submit_reply(code: int, out: str, err: str) -> Reply:
    """What ``sbatch`` meant; what we cannot read for certain is UNKNOWN."""
    text = f"{out}\n{err}".strip()[:500]
    if code == 0:
        ids = {match[1] for line in out.splitlines() if (match := REPLY_LINE.fullmatch(line.strip()))}
        return Reply(ReplyKind.ID, ids.pop(), text) if len(ids) == 1 else Reply(ReplyKind.UNKNOWN, text=text)
    if BUSY.search(text):
        return Reply(ReplyKind.BUSY, text=text)
    return Reply(ReplyKind.REFUSED if REFUSED.search(text) else ReplyKind.UNKNOWN, text=text)


def parse_squeue(text: str) -> list[Sighting]:
    """One sighting a line. A line that is none is foreign: only a strange name can make one."""
    rows = (line.split("|", 5) for line in text.splitlines())
    return [
        Sighting(job_id, word, reason, _epoch(submitted), name, _epoch(started))
        for job_id, word, reason, submitted, started, name in (row for row in rows if len(row) == 6)
    ]


def parse_sacct(text: str) -> list[Accounting]:
    """One record a job; the rows of its steps give the peak memory."""
    found: list[Accounting] = []
    for row in (line.split(SEPARATOR) for line in text.splitlines()):
        if len(row) != 11:
            continue
        job_id, word, code, submitted, started, ended, _elapsed, cpu, rss, nodes, name = row
        exit_code, _, signal = code.partition(":")
        if "." not in job_id:
            times = (_epoch(submitted), _int(exit_code), _int(signal), _epoch(started), _epoch(ended))
            found.append(Accounting(job_id, word, name, *times, _cpu_seconds(cpu), _mib(rss), nodes))
        elif found and job_id.partition(".")[0] == found[-1].job_id and _mib(rss) is not None:
            found[-1] = replace(found[-1], peak_rss_mib=max(_mib(rss) or 0, found[-1].peak_rss_mib or 0))
    return found


@dataclass(frozen=True)
class SlurmBackend:
    script: Path
    user: str
    cluster: str
    name: str = "slurm"

    def submit_held(self, request: SubmitRequest) -> Reply:
        try:
            argv = render_submit(request, self.script)
        except UnsafeValue as error:
            return Reply(ReplyKind.REFUSED, text=str(error))
        longest = self.limits(request.partition).seconds
        if longest and request.time_limit_seconds > longest:  # Slurm itself would let it wait for ever
            asked, given = (timedelta(seconds=seconds) for seconds in (request.time_limit_seconds, longest))
            where = request.partition or "the default partition"
            return Reply(ReplyKind.REFUSED, text=f"asks for {asked}, {where} gives {given}: name another partition")
        try:
            answer = _run(argv, seconds=settings.EMG_CONFIG.cluster.times.submit_timeout)
        except BackendUnavailable as error:
            return Reply(ReplyKind.UNKNOWN, text=str(error))
        return parse_submit_reply(*answer)

    def release(self, job_ids: Sequence[str]) -> None:
        for chunk in _chunks("scontrol", job_ids):
            _ask(["scontrol", "release", ",".join(chunk)])

    def cancel(self, job_ids: Sequence[str], *, gentle: bool) -> None:
        self._scancel(job_ids, *(["--signal=TERM", "--batch"] if gentle else []))

    def sweep(self, job_ids: Sequence[str]) -> None:
        """The shell goes first, and with it all that it started; any other way its traps run."""
        self._scancel(job_ids, "--signal=KILL", "--batch")

    def _scancel(self, job_ids: Sequence[str], *options: str) -> None:
        for chunk in _chunks("scancel", job_ids):
            _ask(["scancel", *options, *chunk])

    def observe(self) -> list[Sighting]:
        return parse_squeue(_ask(["squeue", "-h", "-t", "all", "-u", self.user, "-o", SQUEUE_FIELDS]))

    def find(self, token: str) -> list[Sighting]:
        argv = ["squeue", "-h", "-t", "all", "-u", self.user, f"--name={token}", "-o", SQUEUE_FIELDS]
        return [sighting for sighting in parse_squeue(_ask(argv)) if sighting.name == token]

    def account(self, job_ids: Iterable[str]) -> list[Accounting]:
        argv = ["sacct", "-D", "-P", "-n", f"--delimiter={SEPARATOR}", "-o", SACCT_FIELDS, "-j"]
        return [record for chunk in _chunks("sacct", job_ids) for record in parse_sacct(_ask([*argv, ",".join(chunk)]))]

    def limits(self, partition: str) -> Limits:
        hour = int(time.monotonic() // 3600)  # asked once an hour: limits change by a person's hand
        with contextlib.suppress(BackendUnavailable):
            return _limits_of_partitions(hour).get(partition, Limits())
        return Limits()

    def capacity(self) -> Slots:
        return Slots(settings.EMG_CONFIG.slurm.incomplete_job_limit, None)


def make_backend() -> SlurmBackend:
    user = settings.EMG_CONFIG.slurm.user or getpass.getuser()
    return SlurmBackend(node.install("run_job.sh"), user, settings.EMG_CONFIG.cluster.cluster_name or "slurm")


@cache
def _limits_of_partitions(_hour: int) -> dict[str, Limits]:
    """By partition; the default one under the empty name too. :raises BackendUnavailable: asked again then

    A partition whose nodes differ has several rows: its largest node counts.
    """
    found: dict[str, Limits] = {}
    for name, limit, memory in (line.split("|") for line in _ask(["sinfo", "-h", "-o", "%P|%l|%m"]).splitlines()):
        for partition in (name.rstrip("*"), "") if name.endswith("*") else (name,):
            largest = max(int(memory.rstrip("+")), found.get(partition, Limits()).memory_mib or 0)
            found[partition] = Limits(int(_cpu_seconds(limit) or 0) or None, largest)
    return found


def _ask(argv: list[str]) -> str:
    code, out, err = _run(argv, seconds=SECONDS_OF[argv[0]])
    if code != 0:
        raise BackendUnavailable(f"{argv[0]} ended with {code}: {(err or out).strip()[:300]}")
    return out


def _run(argv: list[str], *, seconds: float) -> tuple[int, str, str]:
    """Run one scheduler command in a clean environment, under a time-out that outlives us.

    :raises BackendUnavailable: it cannot be started, or says more than 64 MiB
    """
    limited = ["timeout", "-k", str(KILL_AFTER_SECONDS), str(seconds), *argv]
    with TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                limited, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, env=_environment()
            )
        except OSError as error:
            raise BackendUnavailable(f"{argv[0]}: {error}") from error
        with process:
            out = process.stdout.read(OUTPUT_BYTES + 1) if process.stdout else b""
            if len(out) > OUTPUT_BYTES:
                process.kill()
                raise BackendUnavailable(f"{argv[0]} said more than {OUTPUT_BYTES} bytes")
        errors.seek(0)
        said = errors.read(OUTPUT_BYTES).decode(errors="replace")
    return process.returncode, out.decode(errors="replace"), said


def _environment() -> dict[str, str]:
    """Nothing of ours reaches a job but this: with ``--export=ALL`` it travels."""
    user = getpass.getuser()
    clean = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(Path.home()), "USER": user, "LOGNAME": user}
    clean |= {"LC_ALL": "C.UTF-8", "SLURM_TIME_FORMAT": "%s"}
    return clean | {name: os.environ[name] for name in ("SLURM_CONF",) if name in os.environ}


def _chunks(command: str, job_ids: Iterable[str]) -> Iterable[list[str]]:
    ids, size = list(job_ids), IDS_A_CALL[command]
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _int(text: str) -> int | None:
    return int(text) if text.isdigit() else None


_epoch = _int  # SLURM_TIME_FORMAT=%s; "N/A" and "Unknown" are no time


def _cpu_seconds(text: str) -> float | None:
    """``[d-[hh:]]mm:ss[.mmm]`` in seconds."""
    days, _, clock = text.rpartition("-")
    try:
        parts = [float(part) for part in clock.split(":")]
    except ValueError:
        return None
    return int(days or 0) * 86400 + sum(part * 60**place for place, part in enumerate(reversed(parts)))


def _mib(text: str) -> int | None:
    """``356K``, ``1.2G``, 1024-based; rounded up."""
    match = re.fullmatch(r"([\d.]+)([KMGTP]?)", text)
    return ceil(float(match[1]) * MEMORY_UNITS[match[2]]) if match else None
