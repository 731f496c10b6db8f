"""Biomes."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from analyses.selectors import biomes
from emgapiv2.api.pagination import NinjaPaginationResponseSchema as Page
from emgapiv2.api.pagination import Paging, page_of
from emgapiv2.api.rendering import ValidationDetail
from emgapiv2.api.schemas import Biome

router = Router(tags=["Miscellaneous"])


@router.get(
    "/",
    response={200: Page[Biome], 422: ValidationDetail},
    operation_id="list_mgnify_biomes",
    summary="The tree of biomes",
)
def list_biomes(
    request: HttpRequest, paging: Paging, biome_lineage: str | None = None, max_depth: int | None = None
) -> dict[str, Any]:
    found = biomes.list_biomes(lineage=biome_lineage, max_depth=max_depth)
    return page_of(found.order_by("path"), request, paging, count_is_remembered=True)
