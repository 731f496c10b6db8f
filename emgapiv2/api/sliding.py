"""Sliding tokens: signed statements that somebody signed in with a Webin account (``spec/api-v2.md`` §3.1)."""

import time
import uuid
from datetime import UTC, datetime
from typing import Any

import jwt
from django.conf import settings
from jwt.types import Options

from analyses.models import RevokedToken
from analyses.visibility import WEBIN_ACCOUNT

TYPE, ALGORITHM = "sliding", "HS256"
CLAIMS = ["token_type", "exp", "iat", "jti", "refresh_exp", "username"]
LONGEST_TOKEN = 1000  # ours have about 350 characters; a forged one must not make the JSON reader work


class TokenNotValid(Exception):
    """Not one of ours, altered, over, or revoked: which of these, nobody is told."""


def issue_sliding_token(*, account: str) -> str:
    """Make a token for who has just proved to be the account."""
    refresh_seconds = settings.EMG_CONFIG.webin.jwt_refresh_expiration_hours * 3600
    return _signed({"jti": uuid.uuid4().hex, "username": account, "refresh_exp": int(time.time()) + refresh_seconds})


def renew_sliding_token(*, token: str) -> str:
    """Prolong a token, also one that has expired, until the end of its sign-in: that never moves.

    :raises TokenNotValid: it is none, or the sign-in is over
    """
    return _signed(_claims_of(token, also_expired=True))


def revoke_sliding_token(*, token: str) -> None:
    """End a sign-in: none of its tokens is taken again. Twice is once.

    :raises TokenNotValid: there is nothing to end
    """
    claims = _claims_of(token, also_expired=True, also_revoked=True)
    now, ends_at = datetime.now(UTC), datetime.fromtimestamp(claims["refresh_exp"], UTC)
    RevokedToken.objects.filter(refresh_exp__lt=now).delete()
    RevokedToken.objects.get_or_create(jti=claims["jti"], defaults={"refresh_exp": ends_at})


def account_of(token: str) -> str:
    """Read the account that signed in.

    :raises TokenNotValid: nobody did, or no longer
    """
    return _claims_of(token)["username"]


def _claims_of(token: str, *, also_expired: bool = False, also_revoked: bool = False) -> dict[str, Any]:
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise TokenNotValid
    options: Options = {"require": CLAIMS, "verify_exp": not also_expired}
    try:
        claims = jwt.decode(token, settings.JWT_SECRET_KEY, algorithms=[ALGORITHM], options=options)
    except jwt.PyJWTError as error:
        raise TokenNotValid from error
    username, ends_at = claims["username"], claims["refresh_exp"]
    if claims["token_type"] != TYPE or not (isinstance(username, str) and WEBIN_ACCOUNT.match(username)):
        raise TokenNotValid
    if not isinstance(ends_at, int) or ends_at <= time.time():
        raise TokenNotValid
    if not also_revoked and RevokedToken.objects.filter(jti=claims["jti"]).exists():
        raise TokenNotValid
    return claims


def _signed(claims: dict[str, Any]) -> str:
    """:param claims: of which ``jti``, ``username`` and ``refresh_exp`` are kept"""
    webin, now = settings.EMG_CONFIG.webin, int(time.time())
    kept = {name: claims[name] for name in ("jti", "username", "refresh_exp")}
    expires_at = min(now + webin.jwt_expiration_minutes * 60, kept["refresh_exp"])
    if kept["username"].lower() == webin.emg_webin_account.lower():
        kept["is_admin"] = True
    return jwt.encode(
        {**kept, "token_type": TYPE, "iat": now, "exp": expires_at}, settings.JWT_SECRET_KEY, algorithm=ALGORITHM
    )
