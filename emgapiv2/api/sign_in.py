"""Signing in with a Webin account (``spec/api-v2.md`` §3.1). ENA is asked for a yes; passwords end there."""

from dataclasses import asdict
from typing import Any, Literal

from django.conf import settings
from django.http import Http404
from ninja import Field, Router, Schema, Status
from ninja.errors import HttpError
from pydantic import SecretStr

from emgapiv2.api.rendering import ErrorDetail, TokenError
from emgapiv2.api.request import ApiRequest
from emgapiv2.api.sliding import account_of, issue_sliding_token, renew_sliding_token, revoke_sliding_token
from emgapiv2.api.throttle import count_try_as, count_try_from
from ena.webin import Refused, account_named, authenticate_webin_account, get_webin_contacts

router = Router(tags=["Authentication"])
BY_ANYBODY: dict[str, Any] = {"security": [{}]}


class WebinTokenRequest(Schema):
    username: str = Field(description="`Webin-1234`, or `mg-Webin-1234` for its broker.", examples=["Webin-1234"])
    password: SecretStr


class WebinTokenResponse(Schema):
    token: str
    token_type: Literal["sliding"] = "sliding"  # noqa: S105 (a word, no secret)


class WebinTokenRefreshRequest(Schema):
    token: str


class TokenVerifyInputSchema(Schema):
    token: str


class Empty(Schema):
    """Nothing: the status says it."""


class WebinAccountDetails(Schema):
    email_address: str
    first_name: str | None = None
    surname: str | None = None
    main_contact: bool
    consortium: str | None = None
    requester_name: str


@router.post("/sliding", response={200: WebinTokenResponse, 401: ErrorDetail}, openapi_extra=BY_ANYBODY)
def token_obtain_sliding(request: ApiRequest, body: WebinTokenRequest) -> dict[str, str]:
    """Sign in with a Webin account. The token is to be sent as Bearer."""
    _count_try(request, body)
    signed = authenticate_webin_account(body.username, body.password)
    if isinstance(signed, Refused):
        raise HttpError(401, "Invalid credentials")
    return {"token": issue_sliding_token(account=signed.webin_account)}


@router.post("/sliding/refresh", response={200: WebinTokenResponse, 401: TokenError}, openapi_extra=BY_ANYBODY)
def token_refresh_sliding(request: ApiRequest, body: WebinTokenRefreshRequest) -> dict[str, str]:
    """Prolong a sign-in. It works after a token has expired too, until the sign-in itself is over."""
    return {"token": renew_sliding_token(token=body.token)}


@router.post("/sliding/revoke", response={204: None, 401: TokenError}, openapi_extra=BY_ANYBODY)
def token_revoke_sliding(request: ApiRequest, body: WebinTokenRefreshRequest) -> Status:
    """Sign out. None of the tokens of this sign-in is taken again."""
    revoke_sliding_token(token=body.token)
    return Status(204, None)


@router.post("/verify", response={200: Empty, 401: TokenError}, openapi_extra=BY_ANYBODY)
def token_verify(request: ApiRequest, body: TokenVerifyInputSchema) -> dict[str, Any]:
    """Whether a token would be taken now."""
    account_of(body.token)
    return {}


@router.post("/account", response={200: list[WebinAccountDetails], 401: ErrorDetail}, include_in_schema=False)
def show_account(request: ApiRequest, body: WebinTokenRequest) -> list[dict[str, Any]]:
    """List the people behind a Webin account. Not there unless the deployment wants it."""
    if not settings.EMG_CONFIG.webin.account_endpoint_enabled:
        raise Http404
    _count_try(request, body)
    contacts = get_webin_contacts(body.username, body.password)
    if isinstance(contacts, Refused):
        raise HttpError(401, "Invalid credentials")
    names = [" ".join(filter(None, (one.first_name, one.surname))) for one in contacts]
    return [
        asdict(one) | {"requester_name": name or one.email_address} for one, name in zip(contacts, names, strict=True)
    ]


def _count_try(request: ApiRequest, body: WebinTokenRequest) -> None:
    """:raises Throttled: too many tries, from there or with this account, be it by its broker"""
    count_try_from(request)
    if named := account_named(body.username):
        count_try_as(named.webin_account)
