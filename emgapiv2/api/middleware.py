"""What holds for every address under the API's prefixes (``spec/api-v2.md`` §2)."""

import re
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import Resolver404, resolve

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
PREFIXES = tuple(f"/{prefix.strip('/')}/" for prefix in settings.EMG_CONFIG.service_urls.api_prefixes)


def api_wire_rules(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Both slash forms answer alike, HEAD answers like GET, each request has an id, and every error is JSON."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not f"{request.path_info}/".startswith(PREFIXES):
            return get_response(request)
        request.request_id = _request_id(request)
        if not _is_known(request.path_info):
            other = request.path_info.removesuffix("/") if request.path_info.endswith("/") else f"{request.path_info}/"
            if not _is_known(other):
                return _answer(request, JsonResponse({"detail": "Not found.", "code": "not_found"}, status=404))
            request.path_info = other
        is_head = request.method == "HEAD"
        if is_head:
            request.method = "GET"
        response = get_response(request)
        if response.status_code == 405 and "json" not in response.get("Content-Type", ""):
            allowed = response.get("Allow", "")
            response = JsonResponse({"detail": "Method not allowed.", "code": "method_not_allowed"}, status=405)
            response["Allow"] = allowed
        if is_head and not response.streaming:
            length = len(response.content)
            response.content = b""
            response["Content-Length"] = str(length)
        return _answer(request, response)

    return middleware


def _answer(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    response["X-Request-Id"] = request.request_id
    if "Authorization" in request.headers or request.COOKIES.get(settings.SESSION_COOKIE_NAME):
        response["Cache-Control"] = "private, no-store"
    return response


def _request_id(request: HttpRequest) -> str:
    given = request.headers.get("X-Request-Id", "")
    return given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _is_known(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True
