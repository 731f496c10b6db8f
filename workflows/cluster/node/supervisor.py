"""The local scheduler of one job: started once by the local backend, it outlives everything that started it.

Run as ``python -I -S supervisor.py <order as JSON>``; standard library only. It detaches itself, becomes known under
its own job id, waits for its fence, runs ``run_job.sh`` as a cluster's node does, keeps its limits and tells the end.
``spec/cluster-jobs.md`` §3.

Signals: USR1 look at the fence now; TERM end the command, kill it after the grace time; USR2 the same, kill soon.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

HOLD_SECONDS, FENCE_SECONDS = 24 * 3600, 0.5
LOOK_SECONDS = 1.0
KILL_WAIT_SECONDS = 5
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
CHILD, NUDGE, END, END_SOON = signal.SIGCHLD, signal.SIGUSR1, signal.SIGTERM, signal.SIGUSR2
WATCHED = {CHILD, NUDGE, END, END_SOON, signal.SIGHUP, signal.SIGINT}
PAGES_A_MIB = 1024 * 1024 // resource.getpagesize()
# Fields of /proc/<pid>/stat after the command's name, which may itself hold blanks and brackets.
STATE, PARENT, START_TICKS, RSS_PAGES = 0, 1, 19, 21


def read_stat(pid: int | str) -> list[str]:
    """:raises OSError: there is no such process"""
    return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()


def job_id_of(pid: int) -> str:
    """``<first 8 of the boot id>.<pid>.<start ticks>``: a reused pid is another job. :raises OSError: no process"""
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text()
    return f"{boot_id[:8]}.{pid}.{read_stat(pid)[START_TICKS]}"


def write_file(path: Path, text: str | Iterable[str]) -> None:
    """Whole or not at all, on the disk when it returns. The one way anything of the job layer is written."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    with draft.open("w") as file:
        file.writelines([text] if isinstance(text, str) else text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def processes_with(token: str) -> list[int]:
    """Processes that carry the token in their environment; those of other users cannot be read."""
    mark = f"DJ_TOKEN={token}".encode()
    found = []
    for entry in os.scandir("/proc"):
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and mark in Path(entry.path, "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found


def kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def sweep(token: str, others: Callable[[], Iterable[int]] = tuple) -> None:
    """Kill what carries the token and all ``others``, twice: between two looks a process may have forked."""
    for _ in range(2):
        left = {*processes_with(token), *others()} - {os.getpid()}
        kill(left)
        if not left:
            return
        time.sleep(0.05)


def descendants() -> dict[int, list[str]]:
    """All processes below us, with their stat fields: as their reaper we keep them, whatever session they chose."""
    everybody: dict[int, list[str]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                everybody[int(entry.name)] = read_stat(entry.name)
    ours: dict[int, list[str]] = {}
    generation = {os.getpid()}
    while generation:
        generation = {pid for pid, stat in everybody.items() if int(stat[PARENT]) in generation}
        ours |= {pid: everybody[pid] for pid in generation}
    return ours


class Job:
    """One job, from its hold to its last word."""

    def __init__(self, order: dict) -> None:
        self.order = order
        self.directory, self.home = Path(order["directory"]), Path(order["home"])
        self.id = job_id_of(os.getpid())
        self.word = ""  # why we ended it; empty while the command's own end decides
        self.kill_at: float | None = None
        self.report: dict = {"word": "PENDING"}
        self.peak_rss_mib = 0

    def tell(self, **news: object) -> None:
        self.report |= news
        write_file(self.home / "local.json", json.dumps(self.report))

    def hold(self) -> bool:
        """Wait for a fence; whether it is ours ``run_job.sh`` sees. False: cancelled, or nobody ever came."""
        deadline = time.monotonic() + HOLD_SECONDS
        while time.monotonic() < deadline:
            if (self.directory / "job_id").exists():
                return True
            caught = signal.sigtimedwait(WATCHED, FENCE_SECONDS)
            if caught and caught.si_signo in (END, END_SOON):
                self.tell(word="CANCELLED", ended_at=int(time.time()))
                return False
        self.tell(word="NODE_FAIL", ended_at=int(time.time()))  # nobody wanted it to end: it is tried again
        return False

    def run(self) -> None:
        """Start ``run_job.sh``, watch it, end what it leaves, and give the last word."""
        self.tell(word="RUNNING", started_at=int(time.time()), node=socket.gethostname())
        script = self.start_script()  # kept: an object that is thrown away would take the child's end with it
        code = os.waitstatus_to_exitcode(self.watch(script.pid))
        sweep(self.order["token"], descendants)
        reap()
        done = resource.getrusage(resource.RUSAGE_CHILDREN)
        figures = {"cpu_seconds": round(done.ru_utime + done.ru_stime, 2)}
        figures["peak_rss_mib"] = max(self.peak_rss_mib, done.ru_maxrss // 1024)
        code = 128 - code if code < 0 else code
        marker = self.directory / "exit"  # it has the command's own code; 97 to 99 write none
        if marker.exists() and (told := marker.read_text().split())[0] == self.id:
            code = int(told[1])
        word = self.word or ("COMPLETED" if code == 0 else "FAILED")
        self.tell(word=word, exit_code=code, signal=max(0, code - 128), ended_at=int(time.time()), **figures)

    def start_script(self) -> subprocess.Popen:
        """Start the batch script as a cluster's node would, but that it dies with us."""
        environment = {"PATH": os.defpath, "SLURM_JOB_ID": self.id, "DJ_TOKEN": self.order["token"]}
        with (self.directory / "out.log").open("ab") as log:
            return subprocess.Popen(
                ["bash", self.order["script"], self.order["directory"]],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                preexec_fn=partial(become_script, os.getpid()),  # noqa: PLW1509 - there is one thread
            )

    def watch(self, pid: int) -> int:
        """Until the script is gone: reap, measure, keep the limits. Gives its wait status."""
        started = next_look = time.monotonic()
        while True:
            caught = signal.sigtimedwait(WATCHED, max(0.0, next_look - time.monotonic()))
            status = reap(pid)
            if status is not None:
                return status
            if caught and caught.si_signo in (END, END_SOON):
                seconds = self.order["cancel_grace_seconds"] if caught.si_signo == END else KILL_WAIT_SECONDS
                self.end("CANCELLED", pid, seconds)
            now = time.monotonic()
            if now < next_look:
                continue
            next_look = now + LOOK_SECONDS
            rss_mib = sum(int(stat[RSS_PAGES]) for stat in descendants().values()) / PAGES_A_MIB
            self.peak_rss_mib = max(self.peak_rss_mib, round(rss_mib))
            if rss_mib > self.order["memory_mib"]:
                self.end("OUT_OF_MEMORY", pid, KILL_WAIT_SECONDS)
            if now - started > self.order["time_limit_seconds"]:
                self.end("TIMEOUT", pid, self.order["cancel_grace_seconds"])
            if self.kill_at is not None and now > self.kill_at:
                kill(child for child, stat in descendants().items() if pid not in (child, int(stat[PARENT])))

    def end(self, word: str, pid: int, grace_seconds: float) -> None:
        """Ask once, by the signal a cluster would send; a second reason can only make the kill come sooner."""
        kill_at = time.monotonic() + grace_seconds
        if not self.word:
            self.word = word
            os.kill(pid, signal.SIGUSR1 if word == "TIMEOUT" else signal.SIGTERM)
        self.kill_at = min(kill_at, self.kill_at or kill_at)


def reap(pid: int | None = None) -> int | None:
    """Collect everything that ended below us. Gives the wait status of that one if it is among them."""
    found = None
    with contextlib.suppress(ChildProcessError):
        while True:
            gone, status = os.waitpid(-1, os.WNOHANG)
            if gone == 0:
                break
            if gone == pid:
                found = status
    return found


def become_script(supervisor: int) -> None:
    """In the child: die with the supervisor, and hear signals again."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != supervisor:
        os._exit(signal.SIGKILL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def silence(home: Path) -> None:
    """Let go of the caller's pipes; what goes wrong later is in ``log``."""
    log = os.open(home / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number, target in enumerate((nothing, nothing, log)):
        os.dup2(target, number)


def detach() -> bool:
    """Double fork and a new session. True in the one that stays."""
    if os.fork():
        return False
    os.setsid()
    if os.fork():
        os._exit(0)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    return True


def main() -> None:
    order = json.loads(sys.argv[1])
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    if not detach():
        os.wait()
        return
    home = Path(order["home"])
    home.mkdir(mode=0o700)  # exclusively: of two starts of one token one goes on
    job = Job(order)
    job.tell(submit_time=int(time.time()))
    write_file(home / "process", json.dumps(order | {"job_id": job.id}))
    print(job.id, flush=True)  # noqa: T201 - the answer
    silence(home)
    if job.hold():
        job.run()


if __name__ == "__main__":
    main()
