"""``manage.py doctor``: does everything hold that must always hold?"""

from argparse import ArgumentParser
from dataclasses import asdict
from json import dumps

from django.core.management.base import BaseCommand, CommandError

from workflows.cluster.backends.base import BackendUnavailable
from workflows.cluster.doctor import examine
from workflows.cluster.probe import ProbeFailed, probe_scheduler

UNKNOWN = 2


class Command(BaseCommand):
    help = "Checks the invariants of all rooms. One line a breach and exit code 1; 2 if a scheduler does not answer."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true")
        parser.add_argument("--probe", action="store_true", help="submit a held job too, look at it and cancel it")

    def handle(self, *, json: bool, probe: bool, **_: object) -> None:
        try:
            breaches = examine()
            said = probe_scheduler() if probe else None
        except BackendUnavailable as error:
            raise CommandError(f"nothing is known of the scheduler's jobs: {error}", returncode=UNKNOWN) from error
        except ProbeFailed as error:
            raise CommandError(f"the scheduler does not do as we need: {error}", returncode=1) from error
        if json:
            self.stdout.write(dumps([asdict(breach) for breach in breaches], indent=1))
        else:
            self.stdout.write("\n".join(f"{b.code} {b.text}  [{b.title}]" for b in breaches) or "all invariants hold")
        if said and not json:
            self.stdout.write(said)
        if breaches:
            raise CommandError(f"{len(breaches)} breaches", returncode=1)
