from django.db.models import QuerySet

from analyses.models import AnalysisRequest
from analyses.visibility import Actor, Kind


def list_seen(*, seen_by: Actor) -> QuerySet[AnalysisRequest]:
    """Whom it belongs to sees a request, and so do staff; newest first."""
    requests = AnalysisRequest.objects.order_by("-created_at", "id")
    if seen_by.kind is Kind.OWNER:
        return requests.filter(requestor_webin=seen_by.name)
    return requests if seen_by.kind in {Kind.STAFF, Kind.SYSTEM} else requests.none()
