"""``manage.py backup``: both databases as files."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from emgapiv2.backups import BackupFailed, back_up, both_databases


class Command(BaseCommand):
    help = "Dumps our database and Prefect's into a new folder, while everything runs. Prints the folder."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("into", type=Path, nargs="?", default=Path("backups"), help="where the folder is made")
        parser.add_argument("--without-prefect", action="store_true")

    def handle(self, *, into: Path, without_prefect: bool, **_: object) -> None:
        try:
            folder = back_up(into=into, databases=both_databases(prefect=not without_prefect))
        except (BackupFailed, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(str(folder))
