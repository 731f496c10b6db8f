"""``manage.py sync_studies_with_ena``: named studies, or all that are due (``spec/ena.md`` §14)."""

import sys
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from analyses.services.refresh_study import PARTS
from analyses.services.sync_studies import sync_studies
from analyses.services.sync_with_ena import refresh_studies
from analyses.visibility import Actor
from ena.accessions import BadAccession, Kind, parse_accession
from ena.looks import look_at_study

ACTOR = str(Actor.system("sync_studies_with_ena"))


class Command(BaseCommand):
    help = "Bring studies up to date with ENA. Exit code 0: all fine, 1: some failed, 2: nothing could be asked."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("accessions", nargs="*", help="studies, new ones too")
        parser.add_argument("--all", action="store_true", help="every mirrored study that is due; resumable")
        parser.add_argument("--only", nargs="+", choices=["study", *PARTS], help="these parts of the named studies")
        parser.add_argument("--limit", type=int, help="with --all: at most so many studies")
        parser.add_argument("--dry-run", action="store_true", help="look at the named studies, and write nothing")

    def handle(
        self,
        *,
        accessions: list[str],
        all: bool,  # noqa: A002 - the name of the option
        only: list[str] | None,
        limit: int | None,
        dry_run: bool,
        **_options: object,
    ) -> None:
        if bool(accessions) == all:
            raise CommandError("Give accessions, or --all")
        if all and (only or dry_run):
            raise CommandError("--only and --dry-run are for named studies")
        if all:
            self._pass(limit)
        elif dry_run:
            self._look(accessions)
        else:
            refreshed, failed = refresh_studies(accessions=accessions, actor=ACTOR, only=only)
            for study in refreshed:
                self.stdout.write(f"{study.accession} {study.first_accession}: refreshed")
            self._end(failed, asked=True)

    def _pass(self, limit: int | None) -> None:
        report = sync_studies(actor=ACTOR, limit=limit)
        told = f"{report.due} due ({report.changed} changed), {report.refreshed} refreshed, {len(report.absent)} absent"
        self.stdout.write(f"{told}; the cursor is {report.through or 'not moved'}")
        self._end(report.failed, asked=report.answers > 0 or not report.failed)

    def _look(self, accessions: list[str]) -> None:
        for accession in accessions:
            try:
                look = look_at_study(parse_accession(accession, [Kind.STUDY]))
            except BadAccession as error:
                raise CommandError(str(error)) from error
            self.stdout.write(f"{look.accession}: {look.verdict} {look.problem}")

    def _end(self, failed: dict[str, str], *, asked: bool) -> None:
        for accession, why in failed.items():
            self.stderr.write(f"{accession}: {why}")
        if failed:
            sys.exit(1 if asked else 2)
