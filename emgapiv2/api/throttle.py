"""How often one may try to sign in: counted in the database, for all processes together (``spec/api-v2.md`` §3.1)."""

import math

from django.http import HttpRequest

from emgapiv2.api.addresses import caller_of
from ena.throttle import take_turn

PER_ADDRESS, PER_ACCOUNT = 10, 5  # in a minute


class Throttled(Exception):
    """Too many tries; the next one is free after ``seconds``."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"free again after {seconds} s")
        self.seconds = seconds


def count_try_from(request: HttpRequest) -> None:
    """:raises Throttled: too many tries from this address"""
    _count(f"sign-in from {caller_of(request)}", PER_ADDRESS)


def count_try_as(account: str) -> None:
    """:raises Throttled: too many tries with this account, wherever from"""
    _count(f"sign-in as {account}", PER_ACCOUNT)


def _count(key: str, per_minute: int) -> None:
    if wait_seconds := take_turn(key=key, per_minute=per_minute):
        raise Throttled(math.ceil(wait_seconds))
