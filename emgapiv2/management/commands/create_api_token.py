"""``manage.py create_api_token``: a key for a program, shown once."""

from argparse import ArgumentParser
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from analyses.services.issue_api_token import issue_api_token
from emgapiv2.api.auth import SCOPES

LONGEST_DAYS = 365


class Command(BaseCommand):
    help = "Make an API token for a member of staff and print it. It cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", required=True, help="what it is for")
        parser.add_argument("--scopes", nargs="+", choices=SCOPES, default=["read"])
        parser.add_argument("--days", type=int, default=LONGEST_DAYS, help="until it expires; at most a year")

    def handle(self, *, username: str, name: str, scopes: list[str], days: int, **_options: object) -> None:
        user = get_user_model().objects.filter(username=username, is_active=True, is_staff=True).first()
        if user is None:
            raise CommandError(f"{username!r} is no active member of staff")
        if not 0 < days <= LONGEST_DAYS:
            raise CommandError(f"--days {days}: between 1 and {LONGEST_DAYS}")
        expires_at = timezone.now() + timedelta(days=days)
        _row, text = issue_api_token(user=user, name=name, scopes=scopes, expires_at=expires_at)
        self.stdout.write(text)
