from django.core.management.base import BaseCommand

from ena.standin.starting import main


class Command(BaseCommand):
    """The stand-in reads its own arguments, so that it starts in the same way without Django."""

    def run_from_argv(self, argv: list[str]) -> None:
        main("manage.py run_ena_standin", argv[2:])
