"""How often one may try to sign in: counted in the database, for all processes together (``spec/api-v2.md`` §3.1)."""

import math
from ipaddress import IPv6Address, ip_address

from django.http import HttpRequest

from emgapiv2.api.addresses import address_of
from ena.throttle import take_turn

PER_ADDRESS, PER_ACCOUNT = 10, 5  # in a minute
NETWORK_BITS = 64  # whoever has one IPv6 address has all of its network's


class Throttled(Exception):
    """Too many tries; the next one is free after ``seconds``."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"free again after {seconds} s")
        self.seconds = seconds


def count_try_from(request: HttpRequest) -> None:
    """:raises Throttled: too many tries from this address"""
    _count(f"sign-in from {_network_of(address_of(request))}", PER_ADDRESS)


def count_try_as(account: str) -> None:
    """:raises Throttled: too many tries with this account, wherever from"""
    _count(f"sign-in as {account}", PER_ACCOUNT)


def _count(key: str, per_minute: int) -> None:
    if wait_seconds := take_turn(key=key, per_minute=per_minute):
        raise Throttled(math.ceil(wait_seconds))


def _network_of(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:  # none at all, behind a socket without addresses
        return "nowhere"
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or IPv6Address(int(found) >> NETWORK_BITS << NETWORK_BITS))
    return str(found)
