import hashlib
import secrets
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.db.models.functions import Now

from analyses.models import ApiToken

PREFIX = "mgn_"  # the public beginning of every token, so that scanners can find a leaked one


def issue_api_token(
    *,
    name: str,
    scopes: list[str],
    expires_at: datetime,
    user: AbstractBaseUser | None = None,
    owner_webin: str | None = None,
) -> tuple[ApiToken, str]:
    """Make a key for a program of either a member of staff or a data owner.

    :return: the row, and the key itself, which is known only now
    """
    text = PREFIX + secrets.token_urlsafe(32)
    kept = {"token_hash": hash_api_token(text=text), "prefix": text.removeprefix(PREFIX)[:8]}
    holder = {"user": user, "owner_webin": owner_webin}
    return ApiToken.objects.create(name=name, scopes=scopes, expires_at=expires_at, **holder, **kept), text


def revoke_api_tokens(*, tokens: QuerySet[ApiToken]) -> int:
    """End keys for good.

    :return: how many were not ended before
    """
    return tokens.filter(revoked_at=None).update(revoked_at=Now())


def hash_api_token(*, text: str) -> str:
    """What is kept of a key: enough to know it again. It is too long to be guessed from it."""
    return hashlib.sha256(text.encode()).hexdigest()
