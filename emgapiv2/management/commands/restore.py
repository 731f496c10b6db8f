"""``manage.py restore``: a backup into empty databases."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from emgapiv2.backups import BackupFailed, both_databases, restore


class Command(BaseCommand):
    help = "Puts a backup into the databases that the settings name, which must be there and empty. Then: task doctor."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="as task backup printed it")
        parser.add_argument("--without-prefect", action="store_true")

    def handle(self, *, folder: Path, without_prefect: bool, **_: object) -> None:
        try:
            restore(folder=folder, databases=both_databases(prefect=not without_prefect))
        except (BackupFailed, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"restored from {folder}; now: task manage -- migrate, task doctor")
