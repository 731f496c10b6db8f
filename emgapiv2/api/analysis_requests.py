"""Data owners ask for analyses (``spec/api-v2.md`` §12.2). Nothing told here depends on whether we know the study."""

import hashlib
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpResponse
from ninja import Field, Header, Router, Schema, Status
from ninja.errors import HttpError
from pydantic import StringConstraints

from analyses import models
from analyses.selectors import analysis_requests
from analyses.services.request_analysis import KeyReused, move_analysis_request, request_analysis
from analyses.states import IllegalMove, LostRace
from analyses.visibility import Actor
from emgapiv2.api.auth import OWNERS, REQUESTORS, WebinJWTAuth
from emgapiv2.api.pagination import Page, Paging, page_of
from emgapiv2.api.rendering import ErrorDetail, Text, Time, or_404, refused
from emgapiv2.api.request import ApiRequest
from ena.accessions import BadAccession

router = Router(tags=["Private Data"], auth=OWNERS)
by_the_web_client = Router(tags=["Private Data"], auth=[WebinJWTAuth()])
IdempotencyKey = Annotated[
    Annotated[str, StringConstraints(max_length=255, pattern=r"^[ -~]+$")] | None, Header(alias="Idempotency-Key")
]
State = Literal["received", "accepted", "rejected", "mirrored", "in_progress", "done", "cancelled"]


class AnalysisRequest(Schema):
    study_accession: str = Field(examples=["PRJEB51728"])
    analysis_type: Annotated[Text, StringConstraints(min_length=1, max_length=500)]
    request_type: Literal["Public", "Private"]
    comments: Annotated[Text, StringConstraints(max_length=5000)] = ""


class RequestSuccessResponse(Schema):
    message: str


class RequestEvent(Schema):
    at: Time = Field(alias="created_at")
    from_state: State | None
    to_state: State


class AnalysisRequestDetail(AnalysisRequest):
    id: UUID
    state: State
    created_at: Time
    events: list[RequestEvent]

    @staticmethod
    def resolve_events(row: models.AnalysisRequest) -> list[Any]:
        return sorted(row.events.all(), key=lambda event: event.pk)


@by_the_web_client.post("/request", response=RequestSuccessResponse, include_in_schema=False)
def request_by_form(request: ApiRequest, body: AnalysisRequest) -> dict[str, str]:
    """Ask for an analysis, as the form of the web client does."""
    kept = _keep(request.auth, body, None)
    return {"message": f"Your request was received; its number is {kept.pk}."}


@router.post("/", response={201: AnalysisRequestDetail, 400: ErrorDetail}, auth=REQUESTORS)
def create_analysis_request(
    request: ApiRequest, response: HttpResponse, body: AnalysisRequest, key: IdempotencyKey = None
) -> Any:
    """Ask for an analysis of a study. The same key with the same body answers with the same request."""
    kept = _keep(request.auth, body, hashlib.sha256(key.encode()).hexdigest() if key else None)
    response["Location"] = f"{request.path}{kept.pk}"
    return Status(201, kept)


@router.get("/", response=Page[AnalysisRequestDetail])
def list_analysis_requests(request: ApiRequest, paging: Paging) -> dict[str, Any]:
    """Your requests, newest first; for staff, everybody's."""
    return page_of(_seen(request).prefetch_related("events"), request, paging)


@router.get("/{uuid:request_id}", response=AnalysisRequestDetail)
def get_analysis_request(request: ApiRequest, request_id: UUID) -> Any:
    """One request and what has become of it."""
    return or_404(_seen(request).filter(pk=request_id).first())


@router.post("/{uuid:request_id}/cancel", response={200: AnalysisRequestDetail, 409: ErrorDetail}, auth=REQUESTORS)
def cancel_analysis_request(request: ApiRequest, request_id: UUID) -> Any:
    """Take a request back, as long as it is not settled."""
    found = or_404(_seen(request).filter(pk=request_id).first())
    try:
        return move_analysis_request(request_id=found.pk, to=models.RequestState.CANCELLED, actor=request.auth)
    except (IllegalMove, LostRace) as error:
        raise HttpError(409, "The request cannot be cancelled any more.") from error


def _keep(owner: Actor, body: AnalysisRequest, key: str | None) -> models.AnalysisRequest:
    """:raises HttpError: 400, no accession of a study"""
    try:
        return request_analysis(owner=owner, request_key=key, **body.dict())
    except BadAccession as error:
        raise HttpError(400, "Invalid study accession.") from error
    except KeyReused as error:
        raise refused([("header.Idempotency-Key", "used before, for another request")]) from error


def _seen(request: ApiRequest) -> Any:
    return analysis_requests.list_seen(seen_by=request.auth)
