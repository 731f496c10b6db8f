"""Who calls, as far as the network says."""

from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address
NETWORK_BITS = 64  # whoever has one IPv6 address has all of its network's


def caller_of(request: HttpRequest) -> str:
    """Whose calls are counted together: an address, or a network of IPv6."""
    address = address_of(request)
    if isinstance(address, IPv6Address):
        return str(IPv6Address(int(address) >> NETWORK_BITS << NETWORK_BITS))
    return str(address or "nowhere")


def address_of(request: HttpRequest) -> Address | None:
    """The caller's address; None behind a socket without addresses.

    ``X-Forwarded-For`` is read from its end, and only as far as configured proxies have written it: what stands
    further left a caller may have made up.
    """
    address = _parsed(request.META.get("REMOTE_ADDR", ""))
    for hop in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
        named = _parsed(hop)
        if named is None or not _is_trusted(address):
            break
        address = named
    return address


def _parsed(text: str) -> Address | None:
    """A socket for both versions tells addresses of the fourth in the form of the sixth."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _is_trusted(address: Address | None) -> bool:
    return address is not None and any(address in network for network in settings.EMG_CONFIG.api.trusted_proxies)
