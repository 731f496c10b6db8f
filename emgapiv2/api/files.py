"""The lasting address of a file, and what the file server asks about the passing ones (``spec/api-v2.md`` §8, §9)."""

import base64
import time
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from ninja import Router

from analyses.models import Download
from analyses.selectors.downloads import download_of_analysis, download_of_study
from emgapiv2.api.auth import actor_of
from emgapiv2.api.downloads import file_url
from emgapiv2.api.rendering import ErrorDetail, or_404
from emgapiv2.api.request import ApiRequest
from emgapiv2.api.signing import verify

of_analysis = Router(tags=["Analyses"])
of_study = Router(tags=["Studies"])
router = Router(tags=["Miscellaneous"])
ELSEWHERE: dict[str, Any] = {
    "responses": {302: {"description": "The file is at Location, for a while if it is private."}}
}


@of_analysis.get("/{accession}/downloads/{path:alias}", response={404: ErrorDetail}, openapi_extra=ELSEWHERE)
def get_analysis_download(request: ApiRequest, accession: str, alias: str) -> Any:
    """A file of an analysis. This address does not expire."""
    file = download_of_analysis(accession=accession, alias=alias.rstrip("/"), seen_by=actor_of(request))
    return _sent_to(request, or_404(file))


@of_study.get("/{accession}/downloads/{path:alias}", response={404: ErrorDetail}, openapi_extra=ELSEWHERE)
def get_study_download(request: ApiRequest, accession: str, alias: str) -> Any:
    """A file of a study. This address does not expire."""
    file = download_of_study(accession=accession, alias=alias.rstrip("/"), seen_by=actor_of(request))
    return _sent_to(request, or_404(file))


@router.get("/verify", include_in_schema=False)
def verify_file(request: HttpRequest) -> HttpResponse:
    """For the ``auth_request`` of a file server, which passes on what it was asked."""
    uri, method = request.headers.get("X-Original-URI", ""), request.headers.get("X-Original-Method", "GET")
    return HttpResponse(status=verify(uri, method=method, now=int(time.time())), headers={"Cache-Control": "no-store"})


def _sent_to(request: ApiRequest, file: Download) -> HttpResponse:
    """302, with the file's size and SHA-256 where they are known."""
    parent = file.analysis or file.study
    response = HttpResponseRedirect(or_404(file.external_url or file_url(request, parent, file.path)))
    if file.size_bytes is not None:
        response["X-File-Size"] = str(file.size_bytes)
    if file.sha256:
        response["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(file.sha256)).decode()}:"
    return response
