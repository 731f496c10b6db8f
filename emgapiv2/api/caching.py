"""What may be kept, told again in one word, and sent small (``spec/api-v2.md`` §2).

Django's own middlewares would send weak tags and add random bytes, so that equal answers differ.
"""

import hashlib
import re
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.utils.text import compress_sequence, compress_string

from emgapiv2.api.request import ApiRequest

PUBLIC, PRIVATE = "public, max-age=60, stale-while-revalidate=300", "private, no-store"
VARY = "Authorization, Cookie, Accept, Accept-Encoding, Origin"
SMALLEST_TO_COMPRESS_BYTES = 1024
GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", re.IGNORECASE)  # named, and not to say no
TEXTS = (
    "text/",
    "application/json",
    "application/x-ndjson",
    "application/rss+xml",
    "application/atom+xml",
    "image/svg",
)


def is_private(request: ApiRequest) -> bool:
    """Made with a credential, good or bad, or holding an address that is signed for one reader."""
    has_credential = "Authorization" in request.headers or settings.SESSION_COOKIE_NAME in request.COOKIES
    return has_credential or hasattr(request, "is_signed")


def finish_caching(request: ApiRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Tag, compress and shorten an answer. The tag is that of the uncompressed bytes, unless the route gave one."""
    response["Vary"] = VARY
    if is_private(request):
        response["Cache-Control"] = PRIVATE
        return _without_tags(response)
    if request.method not in {"GET", "HEAD"} or response.status_code >= 400:
        response["Cache-Control"] = "no-store"
        return response
    response.headers.setdefault("Cache-Control", PUBLIC)
    if response.status_code != 200 or response["Cache-Control"] == PRIVATE:
        return response
    if isinstance(response, HttpResponse):
        response.headers.setdefault("ETag", f'"{hashlib.sha256(response.content).hexdigest()[:32]}"')
    if changed_at := getattr(request, "changed_at", None):
        response["Last-Modified"] = http_date(changed_at.timestamp())
    _compress(request, response)
    return _unless_known(request, response, changed_at)


def _without_tags(response: HttpResponseBase) -> HttpResponseBase:
    for name in ("ETag", "Last-Modified"):
        response.headers.pop(name, None)
    return response


def _compress(request: ApiRequest, response: HttpResponseBase) -> None:
    accepted = request.headers.get("Accept-Encoding", "")
    if not response.get("Content-Type", "").startswith(TEXTS) or not GZIP.search(accepted):
        return
    if isinstance(response, HttpResponse):
        if len(response.content) < SMALLEST_TO_COMPRESS_BYTES:
            return
        response.content = compress_string(response.content)
        response["Content-Length"] = str(len(response.content))
    elif isinstance(response, StreamingHttpResponse):
        chunks: Any = response.streaming_content
        response.streaming_content = compress_sequence(chunks)
    response["Content-Encoding"] = "gzip"
    if tag := response.get("ETag"):
        response["ETag"] = f'{tag.removesuffix(chr(34))}-gzip"'


def _unless_known(request: ApiRequest, response: Any, changed_at: datetime | None) -> HttpResponseBase:
    """304 where the caller has this already. What holds other objects changes with them too: there the tag tells."""
    seconds = int(changed_at.timestamp()) if changed_at and getattr(request, "stands_alone", False) else None
    return get_conditional_response(request, response.get("ETag"), seconds, response) or response
