"""``manage.py make_dev_data``: a believable small catalogue, from the stand-in ENA."""

from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from analyses.services.refresh_study import RefreshStopped, refresh_study
from analyses.visibility import Actor
from ena.errors import EnaError, StudyNotAvailable
from ena.models import Visibility

STUDIES = ["PRJEB99900001", "PRJEB99900002", "PRJEB99900004", "PRJEB999000010", "PRJEB99900007", "PRJEB51728"]


class Command(BaseCommand):
    help = "Mirror the stand-in's studies, a private one among them, and say what was made."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("accessions", nargs="*", default=STUDIES, help="other studies than the usual ones")

    def handle(self, *, accessions: list[str], **_options: object) -> None:
        urls = settings.EMG_CONFIG.service_urls
        if not settings.EMG_CONFIG.ena.standin_url:
            raise CommandError("EMG_ENA__STANDIN_URL is not set: made-up studies come from a stand-in ENA (task run)")
        failed = 0
        for accession in accessions:
            try:
                study = refresh_study(accession=accession, actor=str(Actor.system("make_dev_data")))
            except (StudyNotAvailable, RefreshStopped, EnaError) as error:
                failed += 1
                self.stderr.write(f"{accession}: {error}")
                continue
            level = Visibility(study.visibility).label
            counts = f"{study.samples.count()} samples, {study.runs.count()} runs"
            self.stdout.write(f"{study.accession}  {accession:<15} {level:<10} {counts}  {study.title}")
        self.stdout.write(f"Look: {urls.site_url}/api/v2/studies/ as anybody, {urls.site_url}/admin/ as staff")
        if failed:
            raise CommandError(f"{failed} of {len(accessions)} studies could not be mirrored")
