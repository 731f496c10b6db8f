"""The API object, its routers and what a failure looks like on the wire (``spec/api-v2.md`` §1, §6)."""

import logging

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, AuthorizationError, HttpError, ValidationError

from emgapiv2.api import analyses, biomes, decisions, flow_runs, runs, samples, studies

logger = logging.getLogger(__name__)
DESCRIPTION = "Studies, samples, runs and analyses of metagenomics data, as MGnify serves them."
CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    422: "invalid",
    500: "internal",
}

api = NinjaAPI(title="MGnify API", version="2.0.0", description=DESCRIPTION, urls_namespace="api-v2")
for prefix, router in (
    ("/studies", studies.router),
    ("/samples", samples.router),
    ("/runs", runs.router),
    ("/analyses", analyses.router),
    ("/biomes", biomes.router),
    ("/deployments", flow_runs.deployments),
    ("/flow-runs", flow_runs.router),
    ("/decisions", decisions.router),
):
    api.add_router(prefix, router)


def answer_error(request: HttpRequest, status: int, detail: object) -> HttpResponse:
    """``{"detail", "code", "request_id"}``, the one form of every refusal."""
    body = {"detail": detail, "code": CODES.get(status, "error"), "request_id": getattr(request, "request_id", None)}
    response = api.create_response(request, body, status=status)
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(AuthenticationError)
def on_no_credentials(request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    return answer_error(request, 401, "Unauthorized")


@api.exception_handler(AuthorizationError)
def on_too_few_rights(request: HttpRequest, _error: AuthorizationError) -> HttpResponse:
    return answer_error(request, 403, "These credentials do not allow this.")


@api.exception_handler(Http404)
def on_not_found(request: HttpRequest, _error: Http404) -> HttpResponse:
    # Missing and not visible read alike: nobody learns that something is there.
    return answer_error(request, 404, "Not found.")


@api.exception_handler(ValidationError)
def on_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return answer_error(request, 422, error.errors)


@api.exception_handler(HttpError)
def on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return answer_error(request, error.status_code, error.message)


@api.exception_handler(Exception)
def on_our_fault(request: HttpRequest, error: Exception) -> HttpResponse:
    """A fixed sentence: the cause belongs in the log, under the same request id."""
    logger.error("request %s failed", getattr(request, "request_id", "?"), exc_info=error)
    return answer_error(request, 500, "Something went wrong on our side; the request id names it in our log.")
