"""``manage.py make_dev_data``: a believable small catalogue, and how to look at it as each of its actors."""

import secrets
from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from analyses import models
from analyses.services.refresh_study import RefreshStopped
from analyses.visibility import Actor
from emgapiv2.dev_data import analyses, people, studies
from ena.errors import EnaError
from workflows.models import Attention, Decision, FlowRun

COUNTED = [models.Study, models.Sample, models.Run, models.Assembly, models.Analysis, models.AnnotationSet]
COUNTED += [models.Download, models.Publication, models.SuperStudy, models.StudyWatcher, models.AnalysisRequest]
COUNTED += [FlowRun, Decision, Attention]
PASSWORD = "only-for-development"  # noqa: S105 - of made-up people, where nothing is real


class Command(BaseCommand):
    help = "Mirror the stand-in ENA, make up what it has not, and say how to look at it as whom. Twice is once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--force", action="store_true", help="also where EMG_WEB__DEBUG is not set")

    def handle(self, *, force: bool, **_options: object) -> None:
        config = settings.EMG_CONFIG
        if not (settings.EMG_CONFIG.web.debug or force):
            raise CommandError("this is no development system (EMG_WEB__DEBUG is not set): --force if you are sure")
        if not config.ena.standin_url:
            raise CommandError("EMG_ENA__STANDIN_URL is not set: made-up studies come from a stand-in ENA (task run)")
        password = PASSWORD if config.web.debug else secrets.token_urlsafe(16)
        actor = str(Actor.system("make_dev_data"))
        before = [model._default_manager.count() for model in COUNTED]
        try:
            studies.mirror_studies(actor)
        except (EnaError, RefreshStopped) as error:
            raise CommandError(f"{error}. What is there stays; start again") from error
        studies.make_private_studies()
        analyses.make_analyses(actor)
        token = people.make_staff(password)
        people.make_sayings()
        people.make_work(actor)
        added = self._tell_counts(before)
        self.stdout.write("" if added else "Everything was there already: nothing was added.")
        self._tell_log_ins(password, token)

    def _tell_counts(self, before: list[int]) -> int:
        """:return: how many rows are new"""
        total = 0
        self.stdout.write(f"{'what':<24}{'there':>8}{'new':>8}")
        for model, former in zip(COUNTED, before, strict=True):
            there = model._default_manager.count()
            total += there - former
            self.stdout.write(f"{model._meta.verbose_name_plural!s:<24}{there:>8}{there - former:>8}")
        return total

    def _tell_log_ins(self, password: str, token: str) -> None:
        site = settings.EMG_CONFIG.service_urls.site_url
        api = f"{site}/{settings.EMG_CONFIG.service_urls.api_prefixes[0].strip('/')}"
        self.stdout.write(f"\nAdmin: {site}/admin/ as curator, operator or viewer, password {password}")
        self.stdout.write(f"\n# as anybody\ncurl -s {api}/studies/")
        for owner in studies.OWNERS:
            asked = f'{{"username": "{owner}", "password": "\'$EMG_WEBIN__DCC_PASSWORD\'"}}'
            json = "-H 'Content-Type: application/json'"
            login = f'curl -s {api}/auth/sliding {json} -d \'{asked}\' | sed \'s/.*"token": *"\\([^"]*\\)".*/\\1/\''
            self.stdout.write(
                f'\n# as the data owner {owner}\ncurl -s {api}/my-data/studies/ -H "Authorization: Bearer $({login})"'
            )
        shown = token or "<of the first run; another: manage.py create_api_token operator --name …>"
        self.stdout.write(
            f"\n# as a program of the operator\ncurl -s {api}/flow-runs/ -H 'Authorization: Bearer {shown}'"
        )
