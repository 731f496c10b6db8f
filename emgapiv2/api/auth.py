"""A request becomes one actor here and nowhere else (``spec/api-v2.md`` §3)."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q
from django.db.models.functions import Now
from ninja.errors import AuthorizationError
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from analyses import models
from analyses.visibility import Actor
from emgapiv2.api.request import ApiRequest

TOKEN_PREFIX = "mgn_"  # noqa: S105 (the public beginning of every token, so that scanners can find a leaked one)
READ, LAUNCH = "read", "launch"
SCOPES = (READ, LAUNCH)


def issue_token(*, user: User, name: str, scopes: list[str], expires_at: datetime) -> str:
    """Make a token for a member of staff; the only time its text is known."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    models.ApiToken.objects.create(
        user=user, name=name, scopes=scopes, expires_at=expires_at, token_hash=_hash(token), prefix=token[4:12]
    )
    return token


def actor_of(request: ApiRequest) -> Actor:
    """Who reads. A token that is not valid reads as anonymous: public pages stay readable."""
    token = None
    if _bearer(request) is not None:
        token = token_of(request)
        if token is None or READ not in token.scopes:
            return Actor.anonymous()
        if token.user is None:
            return Actor.owner(token.owner_webin or "")
    user: Any = request.user if token is None else token.user
    return Actor.staff(user) if _may_read_private(user) else Actor.anonymous()


def _may_read_private(user: Any) -> bool:
    """Whether by session or by token: a token gives no right that its holder has not."""
    return user.is_active and (user.is_superuser or (user.is_staff and user.has_perm("analyses.view_private")))


def _may_launch(user: Any) -> bool:
    return user.is_staff and user.has_perm("workflows.add_flowrun")


def token_of(request: ApiRequest) -> models.ApiToken | None:
    """The live token that the request bears, looked up once."""
    if not hasattr(request, "api_token"):
        text = _bearer(request)
        request.api_token = _find_token(text) if text else None
    return request.api_token


def bears_a_bad_token(request: ApiRequest) -> bool:
    return _bearer(request) is not None and token_of(request) is None


class ApiToken(HttpBearer):
    """A token that holds the scope, of somebody who may run flows. :raises AuthorizationError: it is valid, no more"""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: Any, token: str) -> Actor | None:  # noqa: ARG002 (ninja's signature)
        found = token_of(request)
        if found is None:
            return None
        if self.scope not in found.scopes or not (found.user and _may_launch(found.user)):
            raise AuthorizationError
        return Actor.staff(found.user)


class SessionAuthSuperUser(APIKeyCookie):
    """Somebody signed in to the admin who may run flows; unsafe methods need the CSRF token.

    The name is that of the public document. A bearer token wins over a session, even a token that is not valid.
    """

    param_name = settings.SESSION_COOKIE_NAME

    def __init__(self) -> None:
        super().__init__(csrf=False)  # ninja would look at it first, and refuse strangers with 403 instead of 401

    def authenticate(self, request: Any, key: str | None) -> Actor | None:  # noqa: ARG002 (ninja's signature)
        user = request.user
        if _bearer(request) is not None or not user.is_authenticated:
            return None
        if check_csrf(request) or not _may_launch(user):
            raise AuthorizationError
        return Actor.staff(user)


LAUNCHERS: list[Any] = [ApiToken(LAUNCH), SessionAuthSuperUser()]


def _find_token(text: str) -> models.ApiToken | None:
    """The live token of that text. Its use is noted at most once a minute."""
    if not text.startswith(TOKEN_PREFIX):
        return None
    live = models.ApiToken.objects.filter(token_hash=_hash(text), revoked_at=None, expires_at__gt=Now())
    found = live.filter(Q(user=None) | Q(user__is_active=True, user__is_staff=True)).select_related("user").first()
    if found:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=Now() - timedelta(minutes=1))
        models.ApiToken.objects.filter(stale, pk=found.pk).update(last_used_at=Now())
    return found


def _bearer(request: ApiRequest) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token else None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
