"""``manage.py logs``: what a job, or a service of the stack on this machine, has printed."""

from argparse import ArgumentParser
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE, Popen

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from workflows.cluster.job_files import job_directory
from workflows.cluster.secrets import mask
from workflows.management.commands.jobs import NOTHING_MATCHED, age, table, the_one
from workflows.selectors.jobs import newest_attempt


class Command(BaseCommand):
    help = "Shows the end of a log, known secrets masked. Without a name it lists the services that have one here."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", help="a service; or a job's id or its beginning, token, scheduler's id")
        parser.add_argument("--lines", type=int, default=100, help="how many, from the end (100)")
        parser.add_argument("-f", "--follow", action="store_true", help="go on until Ctrl-C")

    def handle(self, *, name: str | None, lines: int, follow: bool, **_: object) -> None:
        services = logs_of_services()
        if name is None:
            self.stdout.write("\n".join(listing(services)))
            return
        path = services.get(name) or log_of_job(name)
        argv = ["tail", "-n", str(lines), *(["-F"] if follow else []), "--", str(path)]
        with suppress(KeyboardInterrupt), Popen(argv, stdout=PIPE, text=True, errors="replace") as tail:
            for line in tail.stdout or ():
                self.stdout.write(mask(line), ending="")


def logs_of_services() -> dict[str, Path]:
    """Of ``task run`` and ``task demo``: the newest by name. Elsewhere a service prints to whatever started it."""
    found = sorted(settings.BASE_DIR.glob(".emg/*/logs/*.log"), key=lambda path: path.stat().st_mtime)
    return {path.stem: path for path in found}


def log_of_job(which: str) -> Path:
    """:raises CommandError: no such job, or it has printed nothing yet"""
    token = newest_attempt(the_one(which)).token
    path = job_directory(token) / "out.log"
    if not path.exists():
        raise CommandError(f"{token} has no log (yet): {path}", returncode=NOTHING_MATCHED)
    return path


def listing(services: dict[str, Path]) -> list[str]:
    if not services:
        return ["no stack was started here by task run or task demo; a job's log: task logs -- <its id>"]
    rows = [
        {"name": name, "changed": f"{age(datetime.fromtimestamp(path.stat().st_mtime, UTC))} ago", "file": path}
        for name, path in sorted(services.items())
    ]
    return table(rows, ["name", "changed", "file"])
