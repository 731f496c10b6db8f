"""A request becomes one actor here and nowhere else (``spec/api-v2.md`` §3)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now
from ninja.errors import AuthorizationError
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from analyses import models
from analyses.services.issue_api_token import PREFIX as API_TOKEN_PREFIX
from analyses.services.issue_api_token import hash_api_token
from analyses.visibility import Actor
from emgapiv2.api.request import ApiRequest
from emgapiv2.api.sliding import TokenNotValid, account_of

SCOPES = READ, REQUEST, LAUNCH, EXPORT = ("read", "request", "launch", "export")


def actor_of(request: ApiRequest) -> Actor:
    """Who reads, looked up once. A token that is not valid reads as anonymous: public pages stay readable."""
    if not hasattr(request, "actor"):
        request.actor = _reader(request)
    return request.actor


def _reader(request: ApiRequest) -> Actor:
    if account := signed_in_account(request):
        return Actor.owner(account)
    token = None
    if _bearer(request) is not None:
        token = token_of(request)
        if token is None or READ not in token.scopes:
            return Actor.anonymous()
        if token.user is None:
            return Actor.owner(token.owner_webin or "")
    user: Any = request.user if token is None else token.user
    return Actor.staff(user) if may_read_private(user) else Actor.anonymous()


def may_read_private(user: Any) -> bool:
    """Whether by session or by token: a token gives no right that its holder has not."""
    return user.is_active and (user.is_superuser or (user.is_staff and user.has_perm("analyses.view_private")))


def may_launch(user: Any) -> bool:
    return user.is_staff and user.has_perm("workflows.add_flowrun")


def is_staff(user: Any) -> bool:
    return user.is_active and user.is_staff


def token_of(request: ApiRequest) -> models.ApiToken | None:
    """The live API token that the request bears, looked up once."""
    if not hasattr(request, "api_token"):
        text = _bearer(request)
        request.api_token = _find_token(text) if text else None
    return request.api_token


def signed_in_account(request: ApiRequest) -> str | None:
    """The Webin account whose sliding token the request bears, read once."""
    if not hasattr(request, "webin_account"):
        try:
            request.webin_account = account_of(_bearer(request) or "")
        except TokenNotValid:
            request.webin_account = None
    return request.webin_account


def bears_a_bad_token(request: ApiRequest) -> bool:
    return _bearer(request) is not None and signed_in_account(request) is None and token_of(request) is None


class WebinJWTAuth(HttpBearer):
    """A data owner with a sliding token. The name is that of the public document, as those below are."""

    def authenticate(self, request: Any, token: str) -> Actor | None:  # noqa: ARG002 (ninja's signature)
        account = signed_in_account(request)
        return Actor.owner(account) if account else None


class ApiToken(HttpBearer):
    """A token that holds the scope, of somebody with the right. :raises AuthorizationError: it is valid, no more

    :param may: the right of staff
    :param owners: whether those of data owners are good as well
    """

    def __init__(self, scope: str, may: Callable[[Any], bool], *, owners: bool = False) -> None:
        super().__init__()
        self.scope, self.may, self.owners = scope, may, owners

    def authenticate(self, request: Any, token: str) -> Actor | None:  # noqa: ARG002 (ninja's signature)
        found = token_of(request)
        if found is None:
            return None
        if self.scope in found.scopes:
            if found.user and self.may(found.user):
                return Actor.staff(found.user)
            if found.owner_webin and self.owners:
                return Actor.owner(found.owner_webin)
        raise AuthorizationError


class SessionAuthSuperUser(APIKeyCookie):
    """Somebody signed in to the admin who has the right; unsafe methods need the CSRF token.

    A bearer token wins over a session, even a token that is not valid.
    """

    param_name = settings.SESSION_COOKIE_NAME

    def __init__(self, may: Callable[[Any], bool]) -> None:
        super().__init__(csrf=False)  # ninja would look at it first, and refuse strangers with 403 instead of 401
        self.may = may

    def authenticate(self, request: Any, key: str | None) -> Actor | None:  # noqa: ARG002 (ninja's signature)
        user = request.user
        if _bearer(request) is not None or not user.is_authenticated:
            return None
        if check_csrf(request) or not self.may(user):
            raise AuthorizationError
        return Actor.staff(user)


LAUNCHERS: list[Any] = [ApiToken(LAUNCH, may_launch), SessionAuthSuperUser(may_launch)]
OWNERS: list[Any] = [
    WebinJWTAuth(),
    ApiToken(READ, may_read_private, owners=True),
    SessionAuthSuperUser(may_read_private),
]
REQUESTORS: list[Any] = [WebinJWTAuth(), ApiToken(REQUEST, lambda _user: False, owners=True)]
# A key that could make further keys could never be taken back.
TOKEN_HOLDERS: list[Any] = [WebinJWTAuth(), SessionAuthSuperUser(is_staff)]


def _find_token(text: str) -> models.ApiToken | None:
    """The live token of that text. Its use is noted at most once a minute."""
    if not text.startswith(API_TOKEN_PREFIX):
        return None
    live = models.ApiToken.objects.filter(token_hash=hash_api_token(text=text), revoked_at=None, expires_at__gt=Now())
    found = live.filter(Q(user=None) | Q(user__is_active=True, user__is_staff=True)).select_related("user").first()
    if found:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=Now() - timedelta(minutes=1))
        models.ApiToken.objects.filter(stale, pk=found.pk).update(last_used_at=Now())
    return found


def _bearer(request: ApiRequest) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token else None
