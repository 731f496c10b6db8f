"""Who calls, as far as the network says."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """The caller's address.

    ``X-Forwarded-For`` is read from its end, and only as far as configured proxies have written it: what stands
    further left a caller may have made up.
    """
    address = request.META.get("REMOTE_ADDR", "")
    for hop in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
        if not (_is_trusted(address) and _is_address(hop.strip())):
            break
        address = hop.strip()
    return address


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_trusted(address: str) -> bool:
    networks = settings.EMG_CONFIG.api.trusted_proxies
    return _is_address(address) and any(ip_address(address) in network for network in networks)
