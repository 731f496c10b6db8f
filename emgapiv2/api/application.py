"""The API object, its routers and what a failure looks like on the wire (``spec/api-v2.md`` §1, §6)."""

import logging

from django.db import OperationalError
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET
from ninja.errors import HttpError, ValidationError
from ninja.responses import Response

from analyses.europe_pmc import EuropePmcSilent
from emgapiv2.api import (
    analyses,
    analysis_requests,
    api_tokens,
    assemblies,
    biomes,
    changes,
    decisions,
    exports,
    feed,
    files,
    flow_runs,
    my_data,
    publications,
    resolving,
    runs,
    samples,
    sign_in,
    studies,
    super_studies,
)
from emgapiv2.api.auth import bears_a_bad_token
from emgapiv2.api.document import MGnifyAPI
from emgapiv2.api.limits import answer_busy
from emgapiv2.api.pagination import absolute
from emgapiv2.api.rendering import answer_error, answer_token_not_valid
from emgapiv2.api.request import ApiRequest
from emgapiv2.api.sliding import TokenNotValid
from emgapiv2.api.throttle import Throttled
from emgapiv2.api.wire import JsonParser, JsonRenderer
from ena.errors import EnaError

QUERY_CANCELED = "57014"
logger = logging.getLogger(__name__)
DESCRIPTION = "Studies, samples, runs and analyses of metagenomics data, as MGnify serves them."

api = MGnifyAPI(
    title="MGnify API",
    version="2.0.0",
    description=DESCRIPTION,
    urls_namespace="api-v2",
    parser=JsonParser(),
    renderer=JsonRenderer(),
)
for prefix, router in (
    ("/studies", studies.router),
    ("/samples", samples.router),
    ("/runs", runs.router),
    ("/analyses", analyses.router),
    ("/assemblies", assemblies.router),
    ("/samples", assemblies.of_samples),
    ("/runs", assemblies.of_runs),
    ("/studies", assemblies.of_studies),
    ("/studies", runs.of_studies),
    ("/biomes", biomes.router),
    ("/publications", publications.router),
    ("/studies", publications.of_study),
    ("/super-studies", super_studies.router),
    ("/accessions", resolving.router),
    ("/changes", changes.router),
    ("/studies", files.of_study),
    ("/analyses", files.of_analysis),
    ("/files", files.router),
    ("/studies", exports.of_study),
    ("/exports", exports.router),
    ("/rss", feed.router),
    ("/my-data", my_data.router),
    ("/my-data", analysis_requests.by_the_web_client),
    ("/analysis-requests", analysis_requests.router),
    ("/auth", sign_in.router),
    ("/auth/tokens", api_tokens.router),
    ("/deployments", flow_runs.deployments),
    ("/flow-runs", flow_runs.router),
    ("/decisions", decisions.router),
):
    api.add_router(prefix, router)


@require_GET
def index(request: ApiRequest) -> HttpResponse:
    """The prefix itself: the docs for people, what there is for programs."""
    if request.get_preferred_type(["text/html", "application/json"]) != "application/json":
        return api.docs.render_page(request, api)
    paths = api.get_openapi_schema()["paths"]
    return Response(
        {
            "name": api.title,
            "version": api.version,
            "openapi_url": absolute(reverse("api-v2:openapi-json")),
            "docs_url": absolute(reverse("api-v2:openapi-view")),
            "operations": {
                operation["operationId"]: f"{method.upper()} {path}"
                for path, methods in paths.items()
                for method, operation in methods.items()
            },
        }
    )


@api.exception_handler(Http404)
def on_not_found(request: ApiRequest, _error: Http404) -> HttpResponse:
    """Missing and not visible read alike: nobody learns that something is there."""
    if bears_a_bad_token(request):
        # To log in again might help, whether or not there is anything to see.
        return answer_token_not_valid(request)
    return answer_error(request, 404, "Not found.")


@api.exception_handler(ValidationError)
def on_invalid(request: ApiRequest, error: ValidationError) -> HttpResponse:
    return answer_error(request, 422, error.errors)


@api.exception_handler(HttpError)
def on_http_error(request: ApiRequest, error: HttpError) -> HttpResponse:
    cause = error.__cause__ if isinstance(error.__cause__, HttpError) else error  # of a body that could not be read
    return answer_error(request, cause.status_code, cause.message)


@api.exception_handler(TokenNotValid)
def on_bad_token(request: ApiRequest, _error: TokenNotValid) -> HttpResponse:
    return answer_token_not_valid(request)


@api.exception_handler(Throttled)
def on_throttled(request: ApiRequest, error: Throttled) -> HttpResponse:
    return answer_busy(request, "Too many tries; please wait.", error.seconds)


@api.exception_handler(EnaError)
def on_ena_away(request: ApiRequest, error: EnaError) -> HttpResponse:
    """ENA did not answer, which is neither a yes nor a no."""
    logger.warning("request %s: %s", request.request_id, error)
    response = answer_error(request, 503, "ENA does not answer at the moment; please try again soon.")
    response["Retry-After"] = "30"
    return response


@api.exception_handler(EuropePmcSilent)
def on_europe_pmc_silent(request: ApiRequest, _error: EuropePmcSilent) -> HttpResponse:
    response = answer_error(request, 503, "Europe PMC does not answer at the moment; please try again soon.")
    response["Retry-After"] = "30"
    return response


@api.exception_handler(OperationalError)
def on_too_slow(request: ApiRequest, error: OperationalError) -> HttpResponse:
    """A question that takes longer than the database may work for one; all else of this kind is our fault."""
    if getattr(error.__cause__, "pgcode", None) != QUERY_CANCELED:
        return on_our_fault(request, error)
    sentence = "The answer takes longer than we allow; please ask for less, or later."
    response = answer_error(request, 503, sentence, code="too_slow")
    response["Retry-After"] = "60"
    return response


@api.exception_handler(Exception)
def on_our_fault(request: ApiRequest, error: Exception) -> HttpResponse:
    """A fixed sentence: the cause belongs in the log, under the same request id."""
    logger.error("request %s failed", request.request_id, exc_info=error)
    return answer_error(request, 500, "Something went wrong on our side; the request id names it in our log.")
