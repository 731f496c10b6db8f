"""A catalogue of its own for the bench: a database beside the configured one, filled once and kept.

Import this before Django is set up: it names the database.
"""

import logging
import os
import secrets
import time
import warnings
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "emgapiv2.settings")
os.environ["EMG_DATABASE__NAME"] = f"{os.environ.get('EMG_DATABASE__NAME', 'emg')}_bench"
os.environ["EMG_WEB__DEBUG"] = "false"  # what is measured is what is deployed
os.environ.setdefault("EMG_WEB__SECRET_KEY", secrets.token_urlsafe(50))  # that of the servers that are measured, too
os.environ.setdefault("EMG_WEBIN__JWT_SECRET_KEY", secrets.token_urlsafe(50))

import django

django.setup()
logging.disable(logging.WARNING)  # the table alone stands on the terminal
warnings.simplefilter("ignore")

import psycopg2  # noqa: E402 - after Django is set up
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from analyses.models import Sample  # noqa: E402

STUDIES, SAMPLES = 20_000, 400_000
SQL = (Path(__file__).parent / "catalogue.sql").read_text()


def prepare(samples: int = SAMPLES) -> None:
    """Create and fill the database, unless that is done. A half-filled one is not: one transaction."""
    create_database()
    started, is_filled = time.monotonic(), Sample.objects.exists()
    with connection.cursor() as cursor:
        if not is_filled:
            cursor.execute(f"BEGIN;{SQL.replace('$studies', str(STUDIES)).replace('$samples', str(samples))};COMMIT")
    settle()
    if not is_filled:
        print(f"{samples:,} samples, runs and analyses made in {time.monotonic() - started:.0f} s")  # noqa: T201


def settle() -> None:
    """Clean up what was left behind, now: by itself it would happen while something else is measured."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")


def create_database() -> None:
    """Create it unless it is there, and bring it up to date."""
    _create_unless_there()
    call_command("migrate", verbosity=0, skip_checks=True)


def _create_unless_there() -> None:
    wanted = settings.DATABASES["default"]
    at = {"host": wanted["HOST"], "port": wanted["PORT"], "user": wanted["USER"], "password": wanted["PASSWORD"]}
    server = psycopg2.connect(dbname="postgres", **at)
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [wanted["NAME"]])
        if not cursor.fetchone():
            cursor.execute(f'CREATE DATABASE "{wanted["NAME"]}"')
    server.close()
