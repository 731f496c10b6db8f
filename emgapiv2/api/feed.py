"""The latest studies as a feed, RSS 2.0 or Atom (``spec/api-v2.md`` §13)."""

import re
from typing import Any, Literal

from django.conf import settings
from django.http import HttpResponse
from django.utils.feedgenerator import Atom1Feed, Rss201rev2Feed, SyndicationFeed
from ninja import Router

from analyses.models import Study
from analyses.selectors import studies
from emgapiv2.api.pagination import absolute
from emgapiv2.api.request import ApiRequest

router = Router()
KINDS: dict[str, type[Rss201rev2Feed | Atom1Feed]] = {"rss": Rss201rev2Feed, "atom": Atom1Feed}
NO_DESCRIPTION, NO_AUTHOR = "No description was given for this study.", "The submitting centre is not known."
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@router.get("/studies/", include_in_schema=False)
def latest_studies(request: ApiRequest, format: Literal["rss", "atom"] = "rss") -> HttpResponse:  # noqa: A002 (the parameter's name)
    """The public studies that changed last."""
    count = settings.EMG_CONFIG.distribution.latest_studies_feed_count
    kind = KINDS[format]
    feed = kind(
        title="MGnify Latest Studies",
        link=settings.EMG_CONFIG.distribution.permalink_root,
        description="The latest studies of MGnify",
        feed_url=absolute(request.get_full_path()),
    )
    for study in studies.list_public().order_by("-updated_at", "-pk")[:count]:
        _add(feed, study)
    return HttpResponse(feed.writeString("utf-8"), content_type=kind.content_type)


def _add(feed: SyndicationFeed, study: Study) -> None:
    record: dict[str, Any] = study.ena_study.metadata if study.ena_study else {}
    said = record.get("study_description") or NO_DESCRIPTION
    feed.add_item(
        title=_clean(f"{study.accession}: {study.title}"),
        link=f"{settings.EMG_CONFIG.distribution.permalink_root}{study.accession}",
        description=_clean(f"{' | '.join(study.ena_accessions)}: {said}"),
        author_name=_clean(record.get("center_name") or NO_AUTHOR),
        pubdate=study.created_at,
        updateddate=study.updated_at,
        categories=[study.biome.biome_name] if study.biome else [],
    )


def _clean(text: Any) -> str:
    return NOT_IN_XML.sub("", str(text))
