"""Studies that belong together (``spec/api-v2.md`` §7.7)."""

from typing import Annotated, Any

from django.http import HttpResponse
from django.urls import reverse
from ninja import Field, Query, Router, Schema

from analyses import models
from analyses.selectors import super_studies
from emgapiv2.api.auth import actor_of
from emgapiv2.api.genome_schemas import GenomeCatalogueList
from emgapiv2.api.pagination import LARGEST_PAGE, Page, PageOptions, page_of
from emgapiv2.api.rendering import ErrorDetail, or_404, shown
from emgapiv2.api.request import ApiRequest
from emgapiv2.api.schemas import MGnifyStudy

router = Router(tags=["Studies"])
DEFAULT_PAGE = 50
NO_LOGO = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" fill="#e4e8ec"/>'
    b'<circle cx="24" cy="36" r="10" fill="#b4bec8"/><circle cx="40" cy="28" r="14" fill="#c8d0d8"/></svg>'
)
LOGO_TYPES = {name: {"schema": {"type": "string", "format": "binary"}} for name in models.LogoType.values}


class FewerOptions(PageOptions):
    page_size: int | None = Field(None, ge=1, description="50 unless given; more than 1000 is read as 1000.")

    @property
    def size(self) -> int:
        return min(self.page_size or DEFAULT_PAGE, LARGEST_PAGE)


class SuperStudy(Schema):
    """``description`` is markdown; ``logo_url`` begins at the root of this site."""

    slug: str
    title: str
    description: str | None = None
    logo_url: str | None = None

    @staticmethod
    def resolve_logo_url(super_study: models.SuperStudy) -> str:
        return reverse("api-v2:get_super_study_logo", args=[super_study.pk])


class SuperStudyDetail(SuperStudy):
    flagship_studies: list[MGnifyStudy]
    related_studies: list[MGnifyStudy]
    genome_catalogues: list[GenomeCatalogueList]

    @staticmethod
    def resolve_flagship_studies(super_study: models.SuperStudy) -> list[models.Study]:
        return [link.study for link in super_study.links.all() if link.is_flagship]

    @staticmethod
    def resolve_related_studies(super_study: models.SuperStudy) -> list[models.Study]:
        return [link.study for link in super_study.links.all() if not link.is_flagship]

    @staticmethod
    def resolve_genome_catalogues(_super_study: models.SuperStudy) -> list[Any]:
        """There are none here yet."""
        return []


@router.get("/", response=Page[SuperStudy])
def list_super_studies(request: ApiRequest, paging: Annotated[FewerOptions, Query()]) -> dict[str, Any]:
    """List super studies, the latest first."""
    return page_of(super_studies.list_all(), request, paging, is_whole_list=True)


@router.get("/{slug}", response=SuperStudyDetail)
def get_super_study(request: ApiRequest, slug: str) -> Any:
    """A super study, with its studies."""
    return shown(request, super_studies.detail(slug=slug, seen_by=actor_of(request)))


@router.get(
    "/{slug}/logo",
    response={404: ErrorDetail},
    openapi_extra={"responses": {200: {"description": "The picture.", "content": LOGO_TYPES}}},
)
def get_super_study_logo(request: ApiRequest, slug: str) -> HttpResponse:
    """The picture of a super study; a neutral one where it has none."""
    super_study = or_404(super_studies.with_logo(slug=slug))
    picture, mimetype = super_study.logo, super_study.logo_mimetype
    if picture is None:
        picture, mimetype = NO_LOGO, models.LogoType.SVG
    headers = {"Cache-Control": "public, max-age=31536000", "X-Content-Type-Options": "nosniff"}
    if mimetype == models.LogoType.SVG:
        headers["Content-Security-Policy"] = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    return HttpResponse(bytes(picture), content_type=mimetype, headers=headers)
