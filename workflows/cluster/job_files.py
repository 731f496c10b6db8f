"""The job directory ``<state_root>/jobs/<2>/<token>/``: what node and service tell each other (``spec`` §1.7)."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from workflows.cluster.identity import installation, our_token
from workflows.cluster.node.supervisor import write_file
from workflows.cluster.secrets import mask

TAIL_BYTES = 16 * 1024
REVOKED = "revoked"


@dataclass(frozen=True)
class Marker:
    """The ``exit`` file: ``<job id> <exit code> <signal> <epoch> <why>``; why is time_limit, term or -."""

    job_id: str
    exit_code: int
    signal: int
    epoch: int
    why: str


def job_directory(token: str) -> Path:
    return settings.EMG_CONFIG.cluster.state_root / "jobs" / token[6:8] / token


def write_job_directory(
    *,
    token: str,
    intent: Mapping[str, Any],
    argv: Sequence[str],
    environment: Mapping[str, str],
    secrets: Mapping[str, Path],
    files: Mapping[str, str],
) -> None:
    """Write all that a node needs; ``intent.json`` comes last, a directory that has it is taken as it is.

    Elements of ``argv``, ``environment`` (``NAME=value``) and ``secrets`` (name, file, name, file …) end with NUL.
    """
    directory = job_directory(token)
    if (directory / "intent.json").exists():
        return
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_files(directory, argv=argv, environment=environment, secrets=secrets, working_dir=intent["working_dir"])
    for name, text in files.items():
        write_file(directory / name, text)
    write_file(directory / "intent.json", json.dumps(intent, indent=1, sort_keys=True))


def write_files(
    directory: Path,
    *,
    argv: Sequence[str],
    environment: Mapping[str, str],
    secrets: Mapping[str, Path],
    working_dir: str,
) -> None:
    """What ``run_job.sh`` reads."""
    write_file(directory / "argv", _nul(argv))
    write_file(directory / "environment", _nul(f"{name}={value}" for name, value in environment.items()))
    write_file(directory / "secrets", _nul(part for name, path in secrets.items() for part in (name, str(path))))
    write_file(directory / "working_dir", f"{working_dir}\n")


def our_directories() -> list[str]:
    """Tokens of this installation that have a whole directory; others may have theirs under the same root."""
    ours, jobs = installation(), settings.EMG_CONFIG.cluster.state_root / "jobs"
    names = (path.parent.name for path in jobs.glob("*/*/intent.json"))
    return [name for name in names if our_token(name, ours)]


def read_intent(token: str) -> dict[str, Any]:
    return json.loads((job_directory(token) / "intent.json").read_text())


def write_fence(token: str, job_id: str) -> None:
    """From now on that one job of the scheduler may run the command."""
    write_file(job_directory(token) / "job_id", f"{job_id}\n")


def revoke_fence(token: str) -> None:
    """Whatever still waits in a queue under this token goes home. A directory that is gone lets nothing run either."""
    if job_directory(token).exists():
        write_file(job_directory(token) / "job_id", f"{REVOKED}\n")


def fence_is_written(token: str) -> bool:
    return (job_directory(token) / "job_id").exists()


def read_fence(token: str) -> str | None:
    """The scheduler's job that may run the command, or :data:`REVOKED`; None if none ever might."""
    try:
        return (job_directory(token) / "job_id").read_text().strip()
    except FileNotFoundError:
        return None


def read_marker(token: str, job_id: str | None) -> Marker | None:
    """How the command ended, if that job of the scheduler has told it."""
    try:
        found, code, signal, epoch, why = (job_directory(token) / "exit").read_text().split()
        marker = Marker(found, int(code), int(signal), int(epoch), why)
    except (FileNotFoundError, ValueError):
        return None
    return marker if found == job_id else None


def read_log_tail(token: str) -> str:
    """The last lines of ``out.log``, at most 16 KiB, masked."""
    try:
        with (job_directory(token) / "out.log").open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - TAIL_BYTES))
            text = log.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    lines = text.replace("\0", "").splitlines()[-settings.EMG_CONFIG.slurm.job_log_tail_lines :]
    return mask("\n".join(lines)).encode()[-TAIL_BYTES:].decode(errors="ignore")


def alive_age_seconds(token: str) -> float | None:
    """How long ago the job touched ``alive``, by the file server's clock; None if it never did."""
    directory = job_directory(token)
    try:
        last = (directory / "alive").stat().st_mtime
    except FileNotFoundError:
        return None
    (directory / "clock").touch()
    return (directory / "clock").stat().st_mtime - last


def _nul(parts: Iterable[str]) -> str:
    return "".join(f"{part}\0" for part in parts)
