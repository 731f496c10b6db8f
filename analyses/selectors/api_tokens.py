from django.db.models import Q, QuerySet

from analyses.models import ApiToken
from analyses.visibility import Actor, Kind


def list_of(*, holder: Actor) -> QuerySet[ApiToken]:
    """The tokens of an owner or a member of staff that are not revoked, newest first."""
    own = Q(owner_webin=holder.name) if holder.kind is Kind.OWNER else Q(user__username=holder.name)
    return ApiToken.objects.filter(own, revoked_at=None).order_by("-created_at", "pk")
