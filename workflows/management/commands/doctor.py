"""``manage.py doctor``: does everything hold that must always hold?"""

from argparse import ArgumentParser
from dataclasses import asdict
from json import dumps

from django.core.management.base import BaseCommand, CommandError

from workflows.cluster.backends.base import BackendUnavailable
from workflows.cluster.doctor import examine

UNKNOWN = 2


class Command(BaseCommand):
    help = "Checks the invariants of all rooms. One line a breach and exit code 1; 2 if a scheduler does not answer."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *, json: bool, **_: object) -> None:
        try:
            breaches = examine()
        except BackendUnavailable as error:
            raise CommandError(f"nothing is known of the scheduler's jobs: {error}", returncode=UNKNOWN) from error
        if json:
            self.stdout.write(dumps([asdict(breach) for breach in breaches], indent=1))
        else:
            self.stdout.write("\n".join(f"{b.code} {b.text}  [{b.title}]" for b in breaches) or "all invariants hold")
        if breaches:
            raise CommandError(f"{len(breaches)} breaches", returncode=1)
