"""``manage.py write_docs``: what the pages in ``docs/`` say of settings and next steps, out of the source."""

from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from emgapiv2.settings_page import page_lines
from workflows.next_steps import NEXT_STEPS

BEGIN, END = "<!-- from workflows/next_steps.py -->\n", "<!-- end -->"


class Command(BaseCommand):
    help = "Writes docs/settings.md and a table in docs/operations.md anew. With --check it only compares: exit code 1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *, check: bool, **_: object) -> None:
        docs = Path(settings.BASE_DIR, "docs")
        operations = (docs / "operations.md").read_text()
        wanted = {"settings.md": "\n".join(page_lines()), "operations.md": with_next_steps(operations)}
        stale = [name for name, text in wanted.items() if (docs / name).read_text() != text]
        if check and stale:
            raise CommandError(f"not current: {', '.join(stale)}; task docs writes them")
        for name in stale:
            (docs / name).write_text(wanted[name])


def with_next_steps(page: str) -> str:
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    rows = "".join(f"| {code.replace('_', ' ')} | {step} |\n" for code, step in NEXT_STEPS.items())
    return f"{before}{BEGIN}| attention | what to do |\n|---|---|\n{rows}{END}{after}"
