"""The copy that is kept of what Europe PMC knows of a paper (``spec/api-v2.md`` §7.9)."""

import logging
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now

from analyses.europe_pmc import EuropePmcSilent, fetch_mentions, grouped
from analyses.models import Publication, PublicationAnnotations

FRESH, PATIENCE = timedelta(days=7), timedelta(seconds=30)
logger = logging.getLogger(__name__)


def refreshed_annotations(*, publication: Publication) -> dict[str, Any]:
    """Read the copy, and renew it where it is due.

    1. A copy of this week is the answer. 2. An older one too, unless nobody has asked for a while: then this caller
    takes the asking upon itself. 3. Without a copy everyone asks, but not soon after Europe PMC was silent.
    4. Ask. 5. Keep the answer, or that there was none.

    :return: ``{"sample_processing": […], "other": […]}``
    :raises EuropePmcSilent: there is no copy, and no answer
    """
    copies = PublicationAnnotations.objects.filter(publication=publication)
    is_fresh, is_quiet = Q(fetched_at__gt=Now() - FRESH), Q(tried_at__lt=Now() - PATIENCE)
    copy = copies.annotate(is_fresh=is_fresh, is_quiet=is_quiet).first()
    if copy and copy.payload is not None:
        if copy.is_fresh or not copies.filter(is_quiet).update(tried_at=Now()):
            return copy.payload
    elif copy and not copy.is_quiet:
        raise EuropePmcSilent(f"{publication}: Europe PMC was silent a moment ago")
    try:
        payload = grouped(fetch_mentions(publication.pk))
    except EuropePmcSilent as silence:
        logger.warning("%s", silence)
        PublicationAnnotations.objects.update_or_create(publication=publication, defaults={"tried_at": Now()})
        if copy and copy.payload is not None:
            return copy.payload
        raise
    answered = {"payload": payload, "fetched_at": Now(), "tried_at": Now()}
    PublicationAnnotations.objects.update_or_create(publication=publication, defaults=answered)
    return payload
