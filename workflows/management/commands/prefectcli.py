"""``manage.py prefectcli …``: Prefect's command line with Django set up."""

import sys
from importlib.metadata import entry_points

from django.core.management.base import BaseCommand

from workflows.start_checks import refuse_wrong_start


class Command(BaseCommand):
    help = "Runs Prefect's own command line; everything behind the name is handed on."

    def run_from_argv(self, argv: list[str]) -> None:
        """Django must not read the options: they are Prefect's."""
        if argv[2:4] == ["worker", "start"]:
            refuse_wrong_start()
        (prefect,) = entry_points(group="console_scripts", name="prefect")
        sys.argv = ["prefect", *argv[2:]]
        prefect.load()()
