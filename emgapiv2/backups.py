"""Dumps of the two databases, ours and Prefect's, and putting them back (``docs/operations.md``).

Ours is dumped first: whatever it knows of Prefect is then in Prefect's dump too, and a run that Prefect has more of is
found by its key when it is asked for again.
"""

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings

MANIFEST = "manifest.json"
PREFECT_URL = "PREFECT_SERVER_DATABASE_CONNECTION_URL"
IS_EMPTY = "SELECT count(*) = 0 FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"


class BackupFailed(Exception):
    """Nothing was put in place; the text says what the program said."""


@dataclass(frozen=True)
class Database:
    """``name`` is that of its dump: ``emg`` or ``prefect``."""

    name: str
    host: str
    port: str
    user: str
    dbname: str
    password: str = field(default="", repr=False)

    def run(self, program: str, *arguments: str) -> str:
        """Run one of Postgres's programs; its output. The password goes by the environment, which only we can read.

        :raises BackupFailed: it is not here, or ended badly
        """
        at = [f"--host={self.host}", f"--port={self.port}", f"--username={self.user}", f"--dbname={self.dbname}"]
        environment = os.environ | ({"PGPASSWORD": self.password} if self.password else {})
        argv = [find_program(program), "--no-password", *at, *arguments]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BackupFailed(f"{program} of {self.dbname}: {done.stderr.strip()[-2000:]}")
        return done.stdout


def both_databases(*, prefect: bool = True) -> list[Database]:
    """:raises BackupFailed: the settings do not tell where Prefect's is"""
    ours = settings.DATABASES["default"]
    place = [str(ours[key]) for key in ("HOST", "PORT", "USER", "NAME", "PASSWORD")]
    return [Database("emg", *place), *([_prefects()] if prefect else [])]


def back_up(*, into: Path, databases: list[Database]) -> Path:
    """Dump them into a new folder, which appears whole or not at all.

    :return: the folder, named by the time
    """
    now = datetime.now(UTC)
    folder = into / f"{now:%Y-%m-%dT%H%M%SZ}"
    part = folder.with_suffix(".part")
    part.mkdir(mode=0o700, parents=True)  # private studies are in there
    digests = {}
    for database in databases:
        dump = part / f"{database.name}.dump"
        database.run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={dump}")
        digests[database.name] = _digest(dump)
    (part / MANIFEST).write_text(json.dumps({"made_at": f"{now:%Y-%m-%dT%H:%M:%SZ}", "sha256": digests}, indent=1))
    return part.rename(folder)


def restore(*, folder: Path, databases: list[Database]) -> None:
    """Put the dumps back, each whole or not at all; none is begun before all were looked at.

    :raises BackupFailed: a dump is missing or damaged, or a database holds something already
    """
    faults = list(_faults(folder, databases))
    if faults:
        raise BackupFailed("; ".join(faults))
    for database in databases:
        flags = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
        database.run("pg_restore", *flags, str(folder / f"{database.name}.dump"))


def _faults(folder: Path, databases: list[Database]) -> Iterator[str]:
    if not (folder / MANIFEST).is_file():
        yield f"{folder} is no backup: it has no {MANIFEST}"
        return
    digests = json.loads((folder / MANIFEST).read_text())["sha256"]
    for database in databases:
        dump = folder / f"{database.name}.dump"
        if not dump.is_file():
            yield f"{dump} is missing"
        elif _digest(dump) != digests.get(database.name):
            yield f"{dump} is not what was written: its digest differs"
        if database.run("psql", "--no-psqlrc", "--tuples-only", "--no-align", f"--command={IS_EMPTY}").strip() != "t":
            yield f"the database {database.dbname} is not empty: make a new one (createdb), and name it in the settings"


def _prefects() -> Database:
    url = urlsplit(os.environ.get(PREFECT_URL, ""))
    if not url.scheme.startswith("postgresql"):
        raise BackupFailed(f"{PREFECT_URL} names no Postgres; --without-prefect leaves Prefect's database out")
    query = {key: values[0] for key, values in parse_qs(url.query).items()}
    host, port = query.get("host", url.hostname or ""), query.get("port", str(url.port or 5432))
    user, password = unquote(url.username or ""), unquote(url.password or "")
    return Database("prefect", host, port, user, url.path.lstrip("/"), password)


def find_program(name: str) -> str:
    """The newest of this machine: a dump is made by a program at least as new as its server."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return str(found[-1]) if found else name


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
