"""``manage.py status``: what runs, what waits, and what does not go on by itself."""

import json
from argparse import ArgumentParser
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from workflows.management.commands.jobs import age, table
from workflows.selectors import status

WEB_SECONDS = 5
SERVICES, DUTIES, STUCK = "services", "duties", "stuck"


class Command(BaseCommand):
    help = "What runs, what is under way, what needs a person and the next step. Exit code 1 if something is not ok."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *, json: bool, **_: object) -> None:
        told = look()
        self.stdout.write(as_json(told) if json else "\n".join(page(told)))
        away = [row["name"] for part in (SERVICES, DUTIES) for row in told[part] if row["state"] != "ok"]
        if away or told[STUCK]:
            raise CommandError(f"not ok: {', '.join(away)}" if away else f"{len(told[STUCK])} need a person")


def look() -> dict[str, list[dict[str, Any]]]:
    """Lists of rows by part. Without the database nothing else can be told."""
    services = [_database()]
    if services[0]["state"] != "ok":
        return {SERVICES: services, DUTIES: [], "under way": [], STUCK: []}
    from workflows.prefect_utils.health import look_at_prefect  # noqa: PLC0415 - a second of imports

    services += [_web(), status.scheduler(), *look_at_prefect()]
    return {SERVICES: services, DUTIES: status.duties(), "under way": status.queue(), STUCK: status.stuck()}


def page(told: dict[str, list[dict[str, Any]]]) -> list[str]:
    """The same for a terminal."""
    lines = ["SERVICES", *table(told[SERVICES], ["state", "name", "detail"])]
    turns = [row | {"last turn": _ago(row["last_turn"])} for row in told[DUTIES]]
    lines += ["", "DUTIES of manage.py reconcile", *table(turns, ["state", "name", "last turn", "failures", "error"])]
    lines += ["", "UNDER WAY"]
    lines += table(told["under way"], ["what", "state", "number"]) if told["under way"] else ["nothing"]
    lines += ["", f"NEEDS A PERSON: {len(told[STUCK]) or 'nothing'}"]
    for row in told[STUCK]:
        lines += [f"{_ago(row['since']):>8}  {row['what']}: {row['subject']}", f"{'':10}{row['reason']}"]
        lines += [f"{'':10}→ {row['next']}"]
    return lines


def as_json(told: Any) -> str:
    return json.dumps(told, indent=1, default=str)


def _ago(when: Any) -> str:
    return f"{age(when)} ago" if when else "never"


def _database() -> dict[str, Any]:
    at = connection.settings_dict
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            (version,) = cursor.fetchone()
    except OperationalError as error:
        return {"name": "database", "state": "away", "detail": str(error).strip()}
    return {"name": "database", "state": "ok", "detail": f"Postgres {version}, {at['NAME']} at {at['HOST']}"}


def _web() -> dict[str, Any]:
    url = settings.EMG_CONFIG.service_urls.site_url
    try:
        code = requests.get(f"{url}/admin/login/", timeout=WEB_SECONDS).status_code
    except requests.RequestException as error:
        return {"name": "web", "state": "away", "detail": f"{url}: {type(error).__name__}"}
    return {"name": "web", "state": "ok" if code < 500 else "failing", "detail": f"{url}: {code}"}
