"""A request under the API's prefixes, with what is learnt on its way in."""

from datetime import datetime

from django.http import HttpRequest

from analyses.models import ApiToken
from analyses.visibility import Actor


class ApiRequest(HttpRequest):
    """Only for the type checker: these are set by the middleware, by pages of lists, and by ``auth``."""

    request_id: str
    is_head: bool
    changed_at: datetime
    stands_alone: bool
    updated_through: datetime
    is_estimate: bool
    is_signed: bool
    kept_fields: set[str]
    neighbours: dict[str, str | None]
    api_token: ApiToken | None
    webin_account: str | None
    auth: Actor
    actor: Actor
