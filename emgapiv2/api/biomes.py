"""Biomes."""

from typing import Annotated, Any

from ninja import Query, Router

from analyses.selectors import biomes
from emgapiv2.api.pagination import Page, Paging, page_of
from emgapiv2.api.rendering import Text
from emgapiv2.api.request import ApiRequest
from emgapiv2.api.schemas import Biome

router = Router(tags=["Miscellaneous"])


@router.get("/", response=Page[Biome])
def list_mgnify_biomes(
    request: ApiRequest,
    paging: Paging,
    biome_lineage: Text | None = None,
    max_depth: Annotated[int | None, Query(ge=1, description="The root alone is 1.")] = None,
) -> dict[str, Any]:
    """The tree of biomes."""
    found = biomes.list_biomes(lineage=biome_lineage, max_depth=max_depth)
    return page_of(found.order_by("path"), request, paging, is_whole_list=True)
