"""``manage.py sync_samples_with_ena``: records of samples and their relations (``spec/ena.md`` §14)."""

import sys
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from analyses.services.sync_with_ena import mirrored_studies, refresh_studies, studies_of_samples
from analyses.visibility import Actor

ACTOR = str(Actor.system("sync_samples_with_ena"))


class Command(BaseCommand):
    help = "Bring samples up to date with ENA, by the listings of their studies."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("accessions", nargs="*", help="samples that are here")
        parser.add_argument("--study", help="all samples of one study")
        parser.add_argument("--all", action="store_true", help="all samples of all mirrored studies")

    def handle(
        self,
        *,
        accessions: list[str],
        study: str | None,
        all: bool,  # noqa: A002 - the name of the option
        **_options: object,
    ) -> None:
        if [bool(accessions), bool(study), all].count(True) != 1:
            raise CommandError("Give accessions of samples, or --study, or --all")
        studies, failed = studies_of_samples(accessions=accessions)
        if study or all:
            studies = [study] if study else mirrored_studies()
        refreshed, refused = refresh_studies(accessions=studies, actor=ACTOR, only=["samples"])
        self.stdout.write(f"The samples of {len(refreshed)} studies are up to date")
        for accession, why in (failed | refused).items():
            self.stderr.write(f"{accession}: {why}")
        if failed or refused:
            sys.exit(1)
