"""Addresses of private files that are good for a while (``spec/api-v2.md`` §9). Pure, but for the settings.

``v1`` is what the present file server checks: an HMAC of path and expiry with nothing between them. ``v2`` names the
key, the method and the holder, each on a line of its own, so no two requests share a message.
"""

import base64
import hashlib
import hmac
import re
from enum import IntEnum
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from django.conf import settings

V1_SECONDS, V2_SECONDS = 3600, 900
CLOCK_SECONDS = 60  # how far the clocks of two servers may differ
EXPIRES = re.compile(r"[0-9]{10}", re.ASCII)
REFUSED_BYTES = re.compile(r"%25|%00|%5c|\\|\x00|#", re.IGNORECASE)  # servers cut paths at a raw #


class Verdict(IntEnum):
    """As a file server answers."""

    GOOD = 204
    FORBIDDEN = 403
    GONE = 410


def signed_url(path: str, *, holder: str, now: int) -> str | None:
    """Where a file of the private area is fetched; None where no key is configured.

    :param path: ``external_results_dir/path``, without a leading slash and not encoded
    :param holder: the actor as text; only a short hash of it is told
    :param now: Unix seconds
    """
    downloads = settings.EMG_CONFIG.downloads
    if not downloads.signing_keys:
        return None
    key_id = next(iter(downloads.signing_keys))
    if downloads.signature == "v1":
        expires = str(now + V1_SECONDS)
        query = {"expires": expires, "token": _v1_token(key_id, path, expires)}
    else:
        named = {"v": "2", "kid": key_id, "expires": str(now + V2_SECONDS), "sub": _short_hash(holder)}
        query = named | {"sig": _v2_signature(named, "GET", path)}
    return f"{downloads.private_data_url_root.rstrip('/')}/{quote(path)}?{urlencode(query)}"


def verify(uri: str, *, method: str, now: int) -> Verdict:
    """Whether a file server may send what is asked for.

    :param uri: path and query as they came in, still encoded
    """
    asked, _, arguments = uri.partition("?")
    path, query = _file_path(asked), parse_qs(arguments, keep_blank_values=True)
    if path is None or any(len(values) > 1 for values in query.values()):
        return Verdict.FORBIDDEN
    single = {name: values[0] for name, values in query.items()}
    is_v1 = settings.EMG_CONFIG.downloads.signature == "v1"
    is_signed = _is_signed_v1(single, path) if is_v1 else _is_signed_v2(single, method, path)
    expires = single.get("expires", "")
    if not is_signed or not EXPIRES.fullmatch(expires):
        return Verdict.FORBIDDEN
    longest = V1_SECONDS if is_v1 else V2_SECONDS
    if int(expires) > now + longest + CLOCK_SECONDS:
        return Verdict.FORBIDDEN
    return Verdict.GOOD if int(expires) >= now else Verdict.GONE


def _file_path(raw: str) -> str | None:
    """The path below the private root, decoded once; None where it could mean another file to somebody else."""
    root = urlsplit(settings.EMG_CONFIG.downloads.private_data_url_root).path.rstrip("/") + "/"
    if not raw.startswith(root) or REFUSED_BYTES.search(raw):
        return None
    try:
        path = unquote(raw.removeprefix(root), errors="strict")
    except UnicodeDecodeError:
        return None
    return None if {"", ".", ".."} & set(path.split("/")) else path


def _is_signed_v1(query: dict[str, str], path: str) -> bool:
    given, expires = query.get("token", ""), query.get("expires", "")
    return any(_equal(given, _v1_token(key_id, path, expires)) for key_id in settings.EMG_CONFIG.downloads.signing_keys)


def _is_signed_v2(query: dict[str, str], method: str, path: str) -> bool:
    if query.get("v") != "2" or query.get("kid") not in settings.EMG_CONFIG.downloads.signing_keys:
        return False
    named = {name: query.get(name, "") for name in ("kid", "expires", "sub")}
    return _equal(query.get("sig", ""), _v2_signature(named, method, path))


def _v1_token(key_id: str, path: str, expires: str) -> str:
    return _hmac(key_id, f"{path}{expires}").hex()


def _v2_signature(named: dict[str, str], method: str, path: str) -> str:
    lines = ("v2", named["kid"], "GET" if method == "HEAD" else method, path, named["expires"], named["sub"])
    digest = _hmac(named["kid"], "".join(f"{line}\n" for line in lines))
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _hmac(key_id: str, message: str) -> bytes:
    key = settings.EMG_CONFIG.downloads.signing_keys[key_id].get_secret_value()
    return hmac.digest(key.encode(), message.encode(), "sha256")


def _short_hash(holder: str) -> str:
    return hashlib.blake2b(holder.encode(), digest_size=8).hexdigest()


def _equal(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())
