"""What holds for every address under the API's prefixes (``spec/api-v2.md`` §2)."""

import re
import uuid
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import is_valid_path

from emgapiv2.api.auth import bears_a_bad_token
from emgapiv2.api.caching import finish_caching
from emgapiv2.api.cors import READING, allow_origin, answer_options
from emgapiv2.api.limits import refuse_too_much
from emgapiv2.api.rendering import answer_error, as_text
from emgapiv2.api.request import ApiRequest

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
PREFIXES = [f"/{prefix.strip('/')}/" for prefix in settings.EMG_CONFIG.service_urls.api_prefixes]
Answer = Callable[[ApiRequest], HttpResponseBase]


def api_wire_rules(get_response: Answer) -> Answer:
    """Both slash forms answer alike, HEAD answers like GET, each request has an id, and every error is JSON."""

    def middleware(request: ApiRequest) -> HttpResponseBase:
        prefix = next((one for one in PREFIXES if f"{request.path_info}/".startswith(one)), None)
        if prefix is None:
            return get_response(request)
        given = request.headers.get("X-Request-Id", "")
        request.request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        request.is_head = request.method == "HEAD"
        if request.is_head:
            request.method = "GET"
        response = finish_caching(request, _as_json(request, _answer(request, prefix, get_response)))
        response = _with_headers(request, _as_json(request, response))
        return _without_body(response) if request.is_head else response

    return middleware


def _answer(request: ApiRequest, prefix: str, get_response: Answer) -> HttpResponseBase:
    if refusal := refuse_too_much(request):
        return refusal
    path = _canonical(PREFIXES[0] + request.path_info[len(prefix) :])
    if path is None:
        return answer_error(request, 404, "Not found.")
    request.path = request.path.removesuffix(request.path_info) + path
    request.path_info = path
    response = get_response(request)
    if response.status_code == 405:
        methods = [method.strip() for method in response.get("Allow", "").split(",")]
        others = sorted(set(methods) - {*READING.split(", "), ""})
        response["Allow"] = ", ".join(([READING] if "GET" in methods else ["OPTIONS"]) + others)
    return answer_options(response) if request.method == "OPTIONS" else response


def _canonical(path: str) -> str | None:
    """The form of the path that is routed, with or without its last slash; None if neither is."""
    other = path.removesuffix("/") if path.endswith("/") else f"{path}/"
    odd = "\0" in path or "//" in path
    return next((form for form in (path, other) if not odd and is_valid_path(form)), None)


def _as_json(request: ApiRequest, response: HttpResponseBase) -> HttpResponseBase:
    """A refusal by Django itself, which is HTML or empty, becomes one of ours."""
    if response.status_code < 400 or response.get("Content-Type", "").startswith("application/json"):
        return response
    sentence = f"{HTTPStatus(response.status_code).phrase.capitalize()}."
    answer = answer_error(request, response.status_code, sentence)
    for name in ("Allow", "Cache-Control"):
        if name in response:
            answer[name] = response[name]
    return answer


def _with_headers(request: ApiRequest, response: HttpResponseBase) -> HttpResponseBase:
    response["X-Request-Id"] = request.request_id
    allow_origin(request, response)
    if neighbours := getattr(request, "neighbours", None):
        response["Link"] = ", ".join(f'<{url}>; rel="{name}"' for name, url in neighbours.items() if url)
    if updated_through := getattr(request, "updated_through", None):
        response["X-Updated-Through"] = as_text(updated_through)
    if response.status_code < 500 and bears_a_bad_token(request):
        response["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    elif response.status_code == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def _without_body(response: HttpResponseBase) -> HttpResponseBase:
    """As it would have been; a stream is not even begun."""
    if isinstance(response, StreamingHttpResponse):
        response.streaming_content = ()
    elif isinstance(response, HttpResponse):
        length = len(response.content)
        response.content = b""
        response["Content-Length"] = str(length)
    return response
