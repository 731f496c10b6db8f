"""API tokens: keys that people make for their programs (``spec/api-v2.md`` §3.1)."""

from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from ninja import Field, Router, Schema, Status
from pydantic import AwareDatetime, StringConstraints

from analyses.models import ApiToken
from analyses.selectors import api_tokens
from analyses.services.issue_api_token import issue_api_token, revoke_api_tokens
from analyses.visibility import Kind
from emgapiv2.api.auth import LAUNCH, TOKEN_HOLDERS, may_launch
from emgapiv2.api.pagination import Page, Paging, page_of
from emgapiv2.api.rendering import Text, Time, or_404, refused
from emgapiv2.api.request import ApiRequest
from emgapiv2.api.throttle import count_try_from

router = Router(tags=["Authentication"], auth=TOKEN_HOLDERS)
LONGEST_LIFE = timedelta(days=366)
Scope = Literal["read", "request", "launch", "export"]


class NewApiToken(Schema):
    """``launch`` is for staff who may launch. At most a year."""

    name: Annotated[Text, StringConstraints(min_length=1, max_length=100)] = Field(description="What it is for.")
    scopes: list[Scope] = Field(min_length=1)
    expires_at: AwareDatetime


class ApiTokenSummary(Schema):
    """A token, by all that is kept of it. ``prefix``: the eight characters after ``mgn_``."""

    id: UUID
    name: str
    prefix: str
    scopes: list[Scope]
    created_at: Time
    expires_at: Time
    last_used_at: Time | None


class IssuedApiToken(ApiTokenSummary):
    """``token`` is shown this once."""

    token: str


@router.get("/", response=Page[ApiTokenSummary])
def list_api_tokens(request: ApiRequest, paging: Paging) -> dict[str, Any]:
    """Your tokens that are not revoked, newest first."""
    return page_of(_own(request), request, paging)


@router.post("/", response={201: IssuedApiToken})
def create_api_token(request: ApiRequest, body: NewApiToken) -> Any:
    """Make a token. It can do what you can, as far as its scopes reach, and is shown only now."""
    count_try_from(request)
    is_owner = request.auth.kind is Kind.OWNER
    now, faults = timezone.now(), []
    if not now < body.expires_at <= now + LONGEST_LIFE:
        faults.append(("body.expires_at", "must lie in the future, at most a year ahead"))
    if LAUNCH in body.scopes and (is_owner or not may_launch(request.user)):
        faults.append(("body.scopes", "launch is for staff who may start flows"))
    if faults:
        raise refused(faults)
    holder: dict[str, Any] = {"owner_webin": request.auth.name} if is_owner else {"user": request.user}
    scopes: list[str] = sorted(set(body.scopes))
    row, text = issue_api_token(name=body.name, scopes=scopes, expires_at=body.expires_at, **holder)
    row.refresh_from_db()
    return Status(201, {**ApiTokenSummary.from_orm(row).dict(), "token": text})


@router.delete("/{uuid:token_id}", response={204: None})
def revoke_api_token(request: ApiRequest, token_id: UUID) -> Status:
    """End a token of yours, at once and for good."""
    or_404(revoke_api_tokens(tokens=_own(request).filter(pk=token_id)) or None)
    return Status(204, None)


def _own(request: ApiRequest) -> QuerySet[ApiToken]:
    return api_tokens.list_of(holder=request.auth)
