"""A feed of what changed and what was withdrawn, for those who keep a copy (``spec/api-v2.md`` §8)."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from django.conf import settings
from ninja import Field, Query, Router, Schema

from analyses.selectors.changes import Place, changes_after
from analyses.selectors.narrowing import database_time
from emgapiv2.api.cursors import cursor_at, read_cursor
from emgapiv2.api.filters import Moment
from emgapiv2.api.pagination import DEFAULT_PAGE, LARGEST_PAGE, link_to
from emgapiv2.api.rendering import Text, Time
from emgapiv2.api.request import ApiRequest

router = Router(tags=["Miscellaneous"])
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class ChangeOptions(Schema):
    cursor: Text | None = Field(None, description="Where `next` led; without it the feed begins at its beginning.")
    updated_since: Moment | None = Field(None, description="Begin there instead; unheeded with a cursor.")
    page_size: int = Field(DEFAULT_PAGE, ge=1, description="More than 1000 is read as 1000.")


class Change(Schema):
    """Something to be fetched anew, or to be forgotten where it was withdrawn."""

    kind: Literal["study", "sample", "run", "assembly", "analysis"]
    accession: str
    change: Literal["created", "updated", "withdrawn"]
    at: Time


class Changes(Schema):
    """``next`` is never null: once ``items`` is empty, ask there again later."""

    items: list[Change]
    next: str


@router.get("/", response=Changes)
def list_changes(request: ApiRequest, by: Query[ChangeOptions]) -> Any:
    """What changed in public, and what was withdrawn from it, oldest first.

    Told once it is older than any write may take, so that nothing is told behind the place where a reader stands.
    What was released or touched is `updated`, whether or not it was there before.
    """
    longest_write = timedelta(seconds=settings.EMG_CONFIG.api.change_horizon_seconds)
    request.updated_through = database_time() - longest_write
    place, size = _place(request, by), min(by.page_size, LARGEST_PAGE)
    items = changes_after(place, until=request.updated_through, longest_write=longest_write, limit=size)
    last = Place(*items[-1][:3]) if items else place
    following = link_to(request, {"cursor": cursor_at([last.at, last.table, last.row], request)})
    request.neighbours = {"next": following}
    return {"items": items, "next": following}


def _place(request: ApiRequest, by: ChangeOptions) -> Place:
    place = read_cursor(by.cursor or "", request)
    if place is None:
        return Place(by.updated_since or BEGINNING)
    at, table, row = place.values
    return Place(datetime.fromisoformat(at), table, row)
