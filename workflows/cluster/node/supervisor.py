"""The local scheduler of one job: started once by the local backend, it outlives everything that started it.

Run as ``python -I -S supervisor.py <order as JSON>``; standard library only. It detaches itself, becomes known under
its own job id, waits for its fence, runs the command as ``run_job.sh`` does on a cluster, keeps its limits and tells
the end. ``spec/cluster-jobs.md`` §3; the files of the job directory are those of §1.7.

Signals: USR1 look at the fence now; TERM end the command, kill it after the grace time; USR2 the same, kill soon.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

HOLD_SECONDS, FENCE_SECONDS = 24 * 3600, 0.5
LOOK_SECONDS = 1.0
BEAT_SECONDS = 60
REPORT_SECONDS = 10
KILL_WAIT_SECONDS = 5
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
CHILD, NUDGE, END, END_SOON = signal.SIGCHLD, signal.SIGUSR1, signal.SIGTERM, signal.SIGUSR2
WATCHED = {CHILD, NUDGE, END, END_SOON, signal.SIGHUP, signal.SIGINT}
REQUEUED, NO_DIRECTORY, NO_FENCE = 97, 98, 99
PAGES_A_MIB = 1024 * 1024 // resource.getpagesize()
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
# Fields of /proc/<pid>/stat after the command's name, which may itself hold blanks and brackets.
STATE, PARENT, START_TICKS, RSS_PAGES = 0, 1, 19, 21
CPU_TICKS = slice(11, 15)  # user and system, its own and those of the children it waited for


def read_stat(pid: int | str) -> list[str]:
    """:raises OSError: there is no such process"""
    return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()


def job_id_of(pid: int) -> str:
    """``<first 8 of the boot id>.<pid>.<start ticks>``: a reused pid is another job. :raises OSError: no process"""
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text()
    return f"{boot_id[:8]}.{pid}.{read_stat(pid)[START_TICKS]}"


def write_file(path: Path, text: str) -> None:
    """Whole or not at all, whoever dies when."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    with draft.open("w") as file:
        file.write(text)
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


def sweep(token: str, others: Callable[[], Iterable[int]] = tuple) -> None:
    """Kill what carries the token and all ``others``, twice: between two looks a process may have forked."""
    for _ in range(2):
        left = {*processes_with(token), *others()} - {os.getpid()}
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
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

    def __init__(self, request: dict) -> None:
        self.request = request
        self.directory, self.home = Path(request["directory"]), Path(request["home"])
        self.id = job_id_of(os.getpid())
        self.word = ""  # why we ended it; empty while the command's own end decides
        self.kill_at: float | None = None
        self.report: dict = {"state": "PENDING", "peak_rss_mib": 0, "cpu_seconds": 0.0}

    def tell(self, **news: object) -> None:
        self.report |= news
        write_file(self.home / "local.json", json.dumps(self.report))

    def finish(self, state: str, **news: object) -> bool:
        """The last word. False, for those who stop at it."""
        self.tell(state=state, ended_at=int(time.time()), **news)
        return False

    def hold(self) -> bool:
        """Wait for the fence. False: do not run, and it is told why."""
        deadline = time.monotonic() + HOLD_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(FileNotFoundError):
                if (self.directory / "job_id").read_text().strip() == self.id:
                    return self.claim()
                return self.finish("FAILED", exit=NO_FENCE)
            caught = signal.sigtimedwait(WATCHED, FENCE_SECONDS)
            if caught and caught.si_signo in (END, END_SOON):
                break
        return self.finish("CANCELLED")

    def claim(self) -> bool:
        """Make ``started`` exclusively: a directory runs one command in its life."""
        draft = self.directory / f".started.{os.getpid()}"
        write_file(draft, f"{self.id} {socket.gethostname()} {int(time.time())}\n")
        try:
            os.link(draft, self.directory / "started")
        except FileExistsError:
            return self.finish("FAILED", exit=REQUEUED)
        finally:
            draft.unlink()
        return True

    def run(self) -> None:
        """Start the command, watch it, write ``exit`` and then the last word."""
        started = time.monotonic()
        self.tell(state="RUNNING", started_at=int(time.time()), node=socket.gethostname())
        pid = start_command(self.request, self.directory)
        status = self.watch(pid, started)
        sweep(self.request["token"], descendants)
        reap()
        self.measure({})
        code = os.waitstatus_to_exitcode(status)
        code = 128 - code if code < 0 else code
        killed_by = max(0, code - 128)  # a shell tells its child's signal so
        why = {"TIMEOUT": "time_limit", "CANCELLED": "term"}.get(self.word, "-")
        write_file(self.directory / "exit", f"{self.id} {code} {killed_by} {int(time.time())} {why}\n")
        self.finish(self.word or ("COMPLETED" if code == 0 else "FAILED"), exit=code, signal=killed_by)

    def watch(self, pid: int, started: float) -> int:
        """Until the command is gone: reap, beat, measure, keep the limits. Gives its wait status."""
        next_look = next_beat = next_report = started
        while True:
            caught = signal.sigtimedwait(WATCHED, max(0.0, next_look - time.monotonic()))
            status = reap(pid)
            if status is not None:
                return status
            if caught and caught.si_signo == END:
                self.end("CANCELLED", pid, self.request["grace_seconds"])
            elif caught and caught.si_signo == END_SOON:
                self.end("CANCELLED", pid, KILL_WAIT_SECONDS)
            now = time.monotonic()
            if now < next_look:
                continue
            next_look = now + LOOK_SECONDS
            if self.measure(descendants()) > self.request["memory_mib"]:
                self.end("OUT_OF_MEMORY", pid, KILL_WAIT_SECONDS)
            if now - started > self.request["time_limit_seconds"]:
                self.end("TIMEOUT", pid, self.request["grace_seconds"])
            if self.kill_at is not None and now > self.kill_at:
                sweep(self.request["token"], descendants)
            if now >= next_beat:
                (self.directory / "alive").touch()
                next_beat = now + BEAT_SECONDS
            if now >= next_report:
                self.tell()
                next_report = now + REPORT_SECONDS

    def end(self, word: str, pid: int, grace_seconds: float) -> None:
        """TERM once, to the command's group; a second reason can only make the kill come sooner."""
        kill_at = time.monotonic() + grace_seconds
        if not self.word:
            self.word = word
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGTERM)
        self.kill_at = min(kill_at, self.kill_at or kill_at)

    def measure(self, family: dict[int, list[str]]) -> float:
        """Peak RSS and CPU time so far into the report. Gives the present RSS in MiB."""
        rss_mib = sum(int(stat[RSS_PAGES]) for stat in family.values()) / PAGES_A_MIB
        done = resource.getrusage(resource.RUSAGE_CHILDREN)
        ticks = sum(int(part) for stat in family.values() for part in stat[CPU_TICKS])
        self.report["peak_rss_mib"] = max(self.report["peak_rss_mib"], round(rss_mib), done.ru_maxrss // 1024)
        self.report["cpu_seconds"] = round(done.ru_utime + done.ru_stime + ticks / TICKS_A_SECOND, 2)
        return rss_mib


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


def start_command(request: dict, directory: Path) -> int:
    """Fork the command into its own group with exactly the environment of the job directory. Gives its pid."""
    argv = read_list(directory / "argv")
    environment = dict(part.split(b"=", 1) for part in read_list(directory / "environment"))
    secrets = read_list(directory / "secrets")  # name and file, by turns
    for name, path in zip(secrets[::2], secrets[1::2], strict=True):
        environment[name] = Path(os.fsdecode(path)).read_bytes().rstrip(b"\n")
    environment[b"DJ_TOKEN"] = request["token"].encode()
    supervisor = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        become_command(request, directory, supervisor)
        os.execvpe(argv[0], argv, environment)  # noqa: S606 - a list, no shell
    except OSError as error:
        os.write(2, f"{error}\n".encode())
        os._exit(NO_DIRECTORY if error.filename == request["working_dir"] else 127)
    finally:
        os._exit(126)


def become_command(request: dict, directory: Path, supervisor: int) -> None:
    """In the child: die with the supervisor, own group, plain signals, ``out.log``, working directory."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != supervisor:
        os._exit(126)
    os.setpgid(0, 0)
    for plain in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(plain, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    log = os.open(directory / "out.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(request["working_dir"])


def read_list(path: Path) -> list[bytes]:
    """Elements end with NUL; one may be empty."""
    return path.read_bytes().split(b"\0")[:-1]


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
    request = json.loads(sys.argv[1])
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    if not detach():
        os.wait()
        return
    home = Path(request["home"])
    home.mkdir(mode=0o700)  # exclusively: of two starts of one token one goes on
    job = Job(request)
    job.tell(submitted_at=int(time.time()))
    write_file(home / "process", json.dumps(request | {"job_id": job.id}))
    print(job.id, flush=True)  # noqa: T201 - the answer
    silence(home)
    if job.hold():
        job.run()


if __name__ == "__main__":
    main()
