"""What holds for every address under the API's prefixes (``spec/api-v2.md`` §2)."""

import re
import uuid
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpResponse
from django.urls import is_valid_path

from emgapiv2.api.auth import bears_a_bad_token
from emgapiv2.api.rendering import answer_error
from emgapiv2.api.request import ApiRequest

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
PREFIXES = [f"/{prefix.strip('/')}/" for prefix in settings.EMG_CONFIG.service_urls.api_prefixes]


def api_wire_rules(get_response: Callable[[ApiRequest], HttpResponse]) -> Callable[[ApiRequest], HttpResponse]:
    """Both slash forms answer alike, HEAD answers like GET, each request has an id, and every error is JSON."""

    def middleware(request: ApiRequest) -> HttpResponse:
        prefix = next((one for one in PREFIXES if f"{request.path_info}/".startswith(one)), None)
        if prefix is None:
            return get_response(request)
        given = request.headers.get("X-Request-Id", "")
        request.request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        path = _canonical(PREFIXES[0] + request.path_info[len(prefix) :])
        if path is None:
            return _finish(request, answer_error(request, 404, "Not found."))
        request.path = request.path.removesuffix(request.path_info) + path
        request.path_info = path
        is_head = request.method == "HEAD"
        if is_head:
            request.method = "GET"
        response = _finish(request, get_response(request))
        if is_head:
            length = len(response.content)
            response.content = b""
            response["Content-Length"] = str(length)
        return response

    return middleware


def _canonical(path: str) -> str | None:
    """The form of the path that is routed, with or without its last slash; None if neither is."""
    other = path.removesuffix("/") if path.endswith("/") else f"{path}/"
    odd = "\0" in path or "//" in path
    return next((form for form in (path, other) if not odd and is_valid_path(form)), None)


def _finish(request: ApiRequest, response: HttpResponse) -> HttpResponse:
    """The headers of every answer; a refusal by Django itself, which is HTML, becomes one of ours."""
    if response.status_code >= 400 and not response.get("Content-Type", "").startswith("application/json"):
        allowed = response.get("Allow")
        sentence = f"{HTTPStatus(response.status_code).phrase.capitalize()}."
        response = answer_error(request, response.status_code, sentence)
        if allowed:
            response["Allow"] = allowed
    response["X-Request-Id"] = request.request_id
    if neighbours := getattr(request, "neighbours", None):
        response["Link"] = ", ".join(f'<{url}>; rel="{name}"' for name, url in neighbours.items() if url)
    if "Authorization" in request.headers or request.COOKIES.get(settings.SESSION_COOKIE_NAME):
        response["Cache-Control"] = "private, no-store"
    if response.status_code < 500 and bears_a_bad_token(request):
        response["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    elif response.status_code == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response
