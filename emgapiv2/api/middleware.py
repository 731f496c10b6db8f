"""What holds for every address under the API's prefixes (``spec/api-v2.md`` §2)."""

from collections.abc import Callable
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import is_valid_path

from emgapiv2.api.auth import bears_a_bad_token
from emgapiv2.api.caching import finish_caching
from emgapiv2.api.cors import READING, allow_origin, answer_options
from emgapiv2.api.limits import refuse_too_much
from emgapiv2.api.rendering import answer_error, as_text
from emgapiv2.api.request import ApiRequest

PREFIXES = [f"/{prefix.strip('/')}/" for prefix in settings.EMG_CONFIG.service_urls.api_prefixes]
Answer = Callable[[ApiRequest], HttpResponseBase]


def api_wire_rules(get_response: Answer) -> Answer:
    """Both slash forms answer alike, HEAD answers like GET, and every error is JSON."""
    answer: Any = convert_exception_to_response(partial(_answer, get_response=get_response))

    def middleware(request: ApiRequest) -> HttpResponseBase:
        prefix = next((one for one in PREFIXES if f"{request.path_info}/".startswith(one)), None)
        if prefix is None:
            return get_response(request)
        _move(request, PREFIXES[0] + request.path_info[len(prefix) :])
        request.is_head = request.method == "HEAD"
        if request.is_head:
            request.method = "GET"
        response = finish_caching(request, _as_json(request, answer(request)))
        response = _with_headers(request, _as_json(request, response))
        return _without_body(response) if request.is_head else response

    return middleware


def _answer(request: ApiRequest, get_response: Answer) -> HttpResponseBase:
    response = refuse_too_much(request) or _routed(request, get_response)
    if response.status_code < 500 and bears_a_bad_token(request):
        response["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    elif response.status_code == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def _routed(request: ApiRequest, get_response: Answer) -> HttpResponseBase:
    path = _canonical(request.path_info)
    if path is None:
        return answer_error(request, 404, "Not found.")
    _move(request, path)
    response = get_response(request)
    if response.status_code == 405:
        methods = [method.strip() for method in response.get("Allow", "").split(",")]
        others = sorted(set(methods) - {*READING.split(", "), ""})
        response["Allow"] = ", ".join(([READING] if "GET" in methods else ["OPTIONS"]) + others)
    return answer_options(response) if request.method == "OPTIONS" else response


def _move(request: ApiRequest, path: str) -> None:
    request.path = request.path.removesuffix(request.path_info) + path
    request.path_info = path


@lru_cache(maxsize=4096)
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
    for name in ("Allow", "Cache-Control", "WWW-Authenticate"):
        if name in response:
            answer[name] = response[name]
    return answer


def _with_headers(request: ApiRequest, response: HttpResponseBase) -> HttpResponseBase:
    allow_origin(request, response)
    if neighbours := getattr(request, "neighbours", None):
        response["Link"] = ", ".join(f'<{url}>; rel="{name}"' for name, url in neighbours.items() if url)
    if getattr(request, "is_estimate", False):
        response["X-Count"] = "estimate"
    if updated_through := getattr(request, "updated_through", None):
        response["X-Updated-Through"] = as_text(updated_through)
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
