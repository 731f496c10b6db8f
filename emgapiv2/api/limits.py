"""How much one caller may ask (``spec/api-v2.md`` §2). Counts are kept per process, in fixed windows."""

import re
import time
from http import HTTPStatus

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from emgapiv2.api.addresses import caller_of
from emgapiv2.api.rendering import answer_error
from emgapiv2.api.request import ApiRequest

LARGEST_BODY_BYTES = 1024 * 1024
SAFE = {"GET", "HEAD", "OPTIONS"}
EXPORTS = re.compile(r"/exports/|/studies/[^/]+/(analyses/table|annotations|files)/?\Z")
SEARCHES = ("search", "title")


def refuse_too_much(request: ApiRequest) -> HttpResponse | None:
    """The refusal of a body that is too large, or of one call too many; None for all others."""
    if _body_bytes(request) > LARGEST_BODY_BYTES:
        sentence = f"The body is larger than {LARGEST_BODY_BYTES} bytes."
        return answer_error(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, sentence)
    wait_seconds = _seconds_to_wait(request)
    return answer_busy(request, "Too many requests.", wait_seconds) if wait_seconds else None


def answer_busy(request: ApiRequest, sentence: str, wait_seconds: int) -> HttpResponse:
    response = answer_error(request, HTTPStatus.TOO_MANY_REQUESTS, sentence)
    response["Retry-After"] = str(wait_seconds)
    return response


def _body_bytes(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdecimal() else 0


def _seconds_to_wait(request: HttpRequest) -> int:
    kind = _kind_of(request)
    rate = getattr(settings.EMG_CONFIG.api.rate_limits, kind)
    if rate is None:
        return 0
    window, elapsed = divmod(int(time.time()), rate.seconds)
    key = f"rate:{kind}:{caller_of(request)}:{window}"
    cache.add(key, 0, rate.seconds)
    try:
        calls = cache.incr(key)
    except ValueError:  # the window closed in between
        return 0
    return rate.seconds - elapsed if calls > rate.calls else 0


def _kind_of(request: HttpRequest) -> str:
    if request.method not in SAFE:
        return "write"
    if EXPORTS.search(request.path_info):
        return "export"
    return "search" if any(request.GET.get(name) for name in SEARCHES) else "read"
