"""``manage.py check_ena_fields``: does ENA still return what we ask for? Run it weekly (``spec/ena.md`` §5.2)."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from ena import questions
from ena.records import CONTRACTS, RENAMED, shipped_fields, wanted_fields


class Command(BaseCommand):
    help = "Print the difference between ENA's columns and the shipped lists. Exit code 1: a wanted one is lost."

    def handle(self, **_options: Any) -> None:
        lost_any = False
        for result in CONTRACTS:
            shipped = shipped_fields(result)
            for name in settings.EMG_CONFIG.ena.data_portals:
                today = questions.return_fields(result=result, portal=name)
                known = {RENAMED.get(one, one) for one in today}
                had = {one for one, spec in shipped.items() if spec.returned and name not in spec.absent_from}
                lost = had & wanted_fields(result) - known
                for word, columns in (("lost", lost), ("new", known - shipped.keys()), ("gone", had - known - lost)):
                    if columns:
                        self.stdout.write(f"{result} of {name}, {word}: {', '.join(sorted(columns))}")
                lost_any = lost_any or bool(lost)
        if lost_any:
            sys.exit(1)
        self.stdout.write("Every wanted column is there")
