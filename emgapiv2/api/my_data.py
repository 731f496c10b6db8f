"""What somebody owns, private or not."""

from django.http import HttpResponse
from ninja import Router

from analyses.selectors import studies
from analyses.selectors.questions import Rows
from emgapiv2.api import shapes
from emgapiv2.api.auth import OWNERS
from emgapiv2.api.pagination import Page, Paging
from emgapiv2.api.request import ApiRequest
from emgapiv2.api.schemas import MGnifyStudy
from emgapiv2.api.written import written_page_of

router = Router(tags=["Private Data"], auth=OWNERS)


@router.get("/studies/", response=Page[MGnifyStudy])
def list_private_mgnify_studies(request: ApiRequest, paging: Paging, private_only: bool = False) -> HttpResponse:
    """List your own studies; for staff, all that they may see."""
    rows = Rows(studies.list_owned, seen_by=request.auth, private_only=private_only)
    return written_page_of(rows, shapes.STUDY, request, paging)
