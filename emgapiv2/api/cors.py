"""Pages from elsewhere: all may read, those that are configured may sign in and write (``spec/api-v2.md`` §2).

django-cors-headers knows one rule for all origins, here there are two.
"""

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase

from emgapiv2.api.request import ApiRequest

READING = "GET, HEAD, OPTIONS"
REQUEST_HEADERS = (
    "content-type, accept, authorization, x-csrftoken, sentry-trace, baggage, "
    "if-none-match, if-modified-since, idempotency-key, range"
)
EXPOSED_HEADERS = (
    "ETag, Last-Modified, Link, Retry-After, Content-Disposition, X-Request-Id, X-Count, X-Updated-Through"
)
PREFLIGHT_SECONDS = 86400


def answer_options(refusal: HttpResponseBase) -> HttpResponse:
    """What may be sent to an address.

    :param refusal: what the address answers to the method OPTIONS, which no route has
    """
    response = HttpResponse(status=204)
    del response["Content-Type"]
    response["Allow"] = refusal.get("Allow", READING)
    return response


def allow_origin(request: ApiRequest, response: HttpResponseBase) -> None:
    """The CORS headers of any answer; those of a preflight where this is one."""
    origin = request.headers.get("Origin", "")
    is_ours = origin in settings.EMG_CONFIG.api.cors_origins
    response["Access-Control-Allow-Origin"] = origin if is_ours else "*"
    if is_ours:
        response["Access-Control-Allow-Credentials"] = "true"
    if request.method != "OPTIONS":
        response["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
        return
    response["Access-Control-Allow-Methods"] = f"{READING}, POST, DELETE" if is_ours else READING
    response["Access-Control-Allow-Headers"] = REQUEST_HEADERS
    response["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
