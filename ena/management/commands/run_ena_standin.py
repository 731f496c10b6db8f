from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from ena.standin.starting import OPTIONS, add_options, serve


class Command(BaseCommand):
    help = "Serve the stand-in ENA: made-up studies, reads made for real, faults on demand."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - the base class's signature
        serve(**{name: options[name] for name in OPTIONS})
