"""One line for each request, found again by the id that its answer carries (``spec/api-v2.md`` §2)."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from urllib.parse import quote

from django.conf import settings
from django.http import HttpResponseBase

from emgapiv2.api.request import ApiRequest

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
logger = logging.getLogger(__name__)


def log_requests(get_response: Callable[[ApiRequest], HttpResponseBase]) -> Callable[[ApiRequest], HttpResponseBase]:
    """The line holds nothing of the query, of bodies or of headers: what is asked for may be private.

    Its time is that until the answer begins; its actor is the one that the answer was made for, ``-`` where that made
    no difference.
    """

    def middleware(request: ApiRequest) -> HttpResponseBase:
        started, path, method = time.perf_counter(), quote(request.path), request.method
        given = request.headers.get("X-Request-Id", "")
        request.request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        if "\0" in request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""):
            del request.COOKIES[settings.SESSION_COOKIE_NAME]  # it names no session, and Postgres has no NUL
        response = get_response(request)
        response["X-Request-Id"] = request.request_id
        actor = getattr(request, "auth", None) or getattr(request, "actor", None)
        kind, ms = actor.kind.value if actor else "-", (time.perf_counter() - started) * 1000
        line = "id=%s method=%s path=%s status=%s ms=%.1f actor=%s"
        logger.info(line, request.request_id, quote(method or ""), path, response.status_code, ms, kind)
        return response

    return middleware
