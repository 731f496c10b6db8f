"""``manage.py pipelines list | check [slug] | fetch [slug]``: what is declared, whether it is true, and getting it."""

from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from workflows.pipelines import registry
from workflows.pipelines.fetch import NotAsPinned, faults_of_project, fetch_pinned, materialise


class Command(BaseCommand):
    help = "Lists the pipelines of this installation, checks their declarations without network, or fetches them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["list", "check", "fetch"])
        parser.add_argument("slug", nargs="?", help="one pipeline; default: all")

    def handle(self, *_args: str, what: str, slug: str | None, **_options: object) -> None:
        """:raises CommandError: something is wrong with a pipeline; each was looked at"""
        wrong = 0
        do = {"list": listed, "check": checked, "fetch": fetched}[what]
        for name in [slug] if slug else registry.slugs():
            try:
                self.stdout.write(do(name))
            except (registry.UnknownPipeline, registry.InconsistentPipeline, NotAsPinned) as error:
                wrong += 1
                self.stderr.write(f"{name}: {error}")
        if wrong:
            raise CommandError(f"{wrong} wrong")


def listed(slug: str) -> str:
    pipeline = registry.get(slug).pipeline
    return f"{slug}  {pipeline.label}  {pipeline.version}  {registry.revision_of(slug)[:12]}  {_available(slug)}"


def checked(slug: str) -> str:
    """:raises NotAsPinned: what was fetched is not as declared"""
    declared, config = registry.get(slug), settings.EMG_CONFIG
    project = registry.project_of(declared, config)
    if project.is_dir() and (faults := list(faults_of_project(project, declared, config.nextflow.plugins_dir))):
        raise NotAsPinned("; ".join(faults))
    return f"{slug}: {_available(slug)}"


def fetched(slug: str) -> str:
    """:raises NotAsPinned: nothing was put in place"""
    declared, config = registry.get(slug), settings.EMG_CONFIG
    root, source = config.slurm.pipelines_root_dir, declared.pipeline.source
    plugins = config.nextflow.plugins_dir
    if source is None:
        return f"{slug}: {materialise(registry.FOLDER, slug, root)}"
    return f"{slug}: {fetch_pinned(declared, source, root=root, plugins=plugins)}"


def _available(slug: str) -> str:
    missing = "; ".join(registry.missing_here(registry.get(slug), settings.EMG_CONFIG))
    return f"not available here: {missing}" if missing else "ok"
