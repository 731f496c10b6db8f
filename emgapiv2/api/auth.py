"""A request becomes one actor here and nowhere else (``spec/api-v2.md`` §3)."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q
from django.db.models.functions import Now
from django.http import HttpRequest
from ninja.errors import AuthorizationError
from ninja.security import APIKeyCookie, HttpBearer

from analyses.models import ApiToken
from analyses.visibility import Actor

TOKEN_PREFIX = "mgn_"  # noqa: S105 (the public beginning of every token, so that scanners can find a leaked one)
SCOPES = ("read", "launch")


def issue_token(*, user: AbstractBaseUser, name: str, scopes: list[str], expires_at: datetime) -> str:
    """Make a token for a member of staff; the only time its text is known."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(
        user=user, name=name, scopes=scopes, expires_at=expires_at, token_hash=_hash(token), prefix=token[4:12]
    )
    return token


def actor_of(request: HttpRequest) -> Actor:
    """Who reads. A token that is not valid reads as anonymous: public pages stay readable."""
    token = _bearer(request)
    if token is not None:
        found = find_token(token)
        return _holder(found) if found and "read" in found.scopes else Actor.anonymous()
    user = request.user
    if user.is_active and (user.is_superuser or (user.is_staff and user.has_perm("analyses.view_private"))):
        return Actor.staff(user)
    return Actor.anonymous()


def find_token(token: str) -> ApiToken | None:
    """The live token of that text. Its use is noted at most once a minute."""
    if not token.startswith(TOKEN_PREFIX):
        return None
    live = ApiToken.objects.filter(token_hash=_hash(token), revoked_at=None, expires_at__gt=Now())
    found = live.filter(Q(user=None) | Q(user__is_active=True, user__is_staff=True)).select_related("user").first()
    if found:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=Now() - timedelta(minutes=1))
        ApiToken.objects.filter(stale, pk=found.pk).update(last_used_at=Now())
    return found


class TokenWithScope(HttpBearer):
    """A member of staff's token that holds the scope. :raises AuthorizationError: it is valid and lacks it"""

    openapi_name = "ApiToken"

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:  # noqa: ARG002 (ninja's signature)
        found = find_token(token)
        if found is None or found.user is None:
            return None
        if self.scope not in found.scopes:
            raise AuthorizationError
        return Actor.staff(found.user)


class StaffSession(APIKeyCookie):
    """Somebody signed in to the admin who may run flows; unsafe methods need the CSRF token."""

    param_name = "sessionid"
    openapi_name = "SessionAuthSuperUser"

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:  # noqa: ARG002 (ninja's signature)
        user = request.user
        if not user.is_authenticated or not user.is_active:
            return None
        if not (user.is_staff and user.has_perm("workflows.add_flowrun")):
            raise AuthorizationError
        return Actor.staff(user)


LAUNCHERS: list[Any] = [TokenWithScope("launch"), StaffSession()]


def _holder(token: ApiToken) -> Actor:
    return Actor.staff(token.user) if token.user else Actor.owner(token.owner_webin or "")


def _bearer(request: HttpRequest) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token else None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
