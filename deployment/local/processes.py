"""Child processes with a log each, restarted when they die, and none left behind."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

MARK = "LOCAL_STACK"  # in the environment of everything we start, so that a crash's leftovers are told from others'
MOST_RESTARTS = 10


class StepFailed(Exception):
    """A step did not come to its end. The text names the step, the log and what to do."""


@dataclass
class Child:
    """One long-running process. ``is_ready`` is asked until it says so."""

    name: str
    argv: list[str]
    environment: dict[str, str]
    log: Path
    is_ready: Callable[[], bool]
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0


@dataclass
class Processes:
    """The children of one stack.

    :param home: where logs go; also the value of the mark
    """

    home: Path
    children: list[Child] = field(default_factory=list)

    def start(self, name: str, argv: list[str], environment: dict[str, str], is_ready: Callable[[], bool]) -> Child:
        """Start a process of its own session. It is not waited for: see :meth:`wait_until_ready`."""
        log = self.home / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        child = Child(name, argv, {**environment, MARK: str(self.home)}, log, is_ready)
        self.children.append(child)
        _spawn(child)
        return child

    def wait_until_ready(self, child: Child, seconds: float = 120) -> None:
        """:raises StepFailed: it ended, or did not become ready in time"""
        deadline = time.monotonic() + seconds
        while not child.is_ready():
            if child.process is not None and child.process.poll() is not None:
                raise StepFailed(f"{child.name} ended at once (exit {child.process.returncode}).\n{_end_of(child.log)}")
            if time.monotonic() > deadline:
                raise StepFailed(f"{child.name} was not ready after {seconds:.0f} s.\n{_end_of(child.log)}")
            time.sleep(0.1)

    def restart_the_dead(self) -> list[str]:
        """Start again what ended; the names of those.

        :raises StepFailed: one died too often
        """
        dead = [child for child in self.children if child.process is not None and child.process.poll() is not None]
        for child in dead:
            child.restarts += 1
            if child.restarts > MOST_RESTARTS:
                raise StepFailed(f"{child.name} died {child.restarts} times.\n{_end_of(child.log)}")
            _spawn(child)
        return [child.name for child in dead]

    def stop(self) -> None:
        """End all children, last started first: asked, then killed; then whatever else carries our mark."""
        running = [child.process for child in reversed(self.children) if child.process and child.process.poll() is None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + 10
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        kill_marked(f"{MARK}={self.home}")
        self.children.clear()


def kill_marked(mark: str, *, is_beginning: bool = False, spare: str | None = None) -> int:
    """Kill the processes of our user whose environment holds ``mark``.

    :param mark: ``NAME=value``
    :param is_beginning: any value that begins so is meant
    :param spare: processes whose command line holds this text are left alone
    :returns: how many were killed
    """
    killed, marked = 0, mark.encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            found = (entry / "environ").read_bytes().split(b"\0")
            if not any(item == marked or (is_beginning and item.startswith(marked)) for item in found):
                continue
            if spare and spare.encode() in (entry / "cmdline").read_bytes():
                continue
            os.kill(int(entry.name), signal.SIGKILL)
        except (PermissionError, ProcessLookupError, FileNotFoundError):
            continue  # not ours, or gone meanwhile
        killed += 1
    return killed


def run_to_end(name: str, argv: list[str], environment: dict[str, str], home: Path, seconds: float = 300) -> str:
    """Run a command that ends by itself; its standard output.

    :raises StepFailed: it failed or took too long
    """
    log = home / "logs" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as errors:
        try:
            marked = {**environment, MARK: str(home)}
            done = subprocess.run(
                argv,
                env=marked,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise StepFailed(f"{name} took more than {seconds:.0f} s.\n{_end_of(log)}") from None
    if done.returncode:
        raise StepFailed(f"{name} failed (exit {done.returncode}).\n{done.stdout.decode()[-1500:]}{_end_of(log)}")
    return done.stdout.decode()


def _spawn(child: Child) -> None:
    with child.log.open("ab") as log:
        child.process = subprocess.Popen(
            child.argv,
            env=child.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            # A shell that put us in the background left SIGINT ignored; a Prefect worker turns SIGTERM into it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 (single-threaded here)
        )


def _end_of(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-15:] if log.exists() else []
    return "\n".join([f"Log: {log}", *(f"  | {line}" for line in lines)])
