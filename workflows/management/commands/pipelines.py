"""``manage.py pipelines list | check [slug]``: what is declared and whether it is true (``spec/pipelines.md`` §1.8)."""

from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from workflows.pipelines import registry
from workflows.pipelines.fetch import revision_of


class Command(BaseCommand):
    help = "Lists the pipelines of this installation, or checks their declarations without network."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["list", "check"])
        parser.add_argument("slug", nargs="?", help="one pipeline; default: all")

    def handle(self, *_args: str, what: str, slug: str | None, **_options: object) -> None:
        wrong = 0
        for name in [slug] if slug else registry.slugs():
            try:
                declared = registry.get(name)
            except (registry.UnknownPipeline, registry.InconsistentPipeline) as error:
                wrong += 1
                self.stderr.write(str(error))
                continue
            missing = "; ".join(registry.missing_here(declared, settings.EMG_CONFIG))
            pipeline = declared.pipeline
            revision = revision_of(registry.FOLDER, name)[:12]
            shown = f"{name}  {pipeline.label}  {pipeline.version}  {revision}  " if what == "list" else f"{name}: "
            self.stdout.write(shown + (f"not available here: {missing}" if missing else "ok"))
        if wrong:
            raise CommandError(f"{wrong} wrong")
