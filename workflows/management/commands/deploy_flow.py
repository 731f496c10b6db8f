"""``manage.py deploy_flow``: ``FLOW=realistic_example``, ``FILE=… FLOW=…``, or ``--all``."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Deploys one flow (--flow, --file), or all that the registry offers (--all), to the work pool slurm."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--flow", default=os.environ.get("FLOW"), help="the function's name")
        parser.add_argument("--file", default=os.environ.get("FILE"), help="default: workflows/flows/<flow>.py")
        parser.add_argument("--all", action="store_true")

    def handle(self, **options: Any) -> None:
        from workflows.prefect_utils import deploy  # noqa: PLC0415 - a second of imports no other command should pay

        if not options["all"] and not options["flow"]:
            raise CommandError("which one? --flow NAME [--file PATH], or --all")
        if options["all"]:
            deployed = deploy.deploy_all()
        else:
            file = options["file"] or f"workflows/flows/{options['flow']}.py"
            deployed = [deploy.deploy_flow(file=file, function=options["flow"])]
        for name in deployed:
            self.stdout.write(f"deployed {name}")
        if not deployed:
            self.stdout.write("every flow is deployed as it is")
