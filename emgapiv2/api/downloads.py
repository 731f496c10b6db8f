"""Files that readers may fetch, and where they are served (``spec/api-v2.md`` §7.5)."""

import time
from typing import Any, Literal
from urllib.parse import quote

from django.conf import settings
from ninja import Field, Schema

from analyses.models import Download, DownloadFileType, DownloadType, ResultsArea
from emgapiv2.api.auth import actor_of
from emgapiv2.api.pagination import absolute
from emgapiv2.api.request import ApiRequest
from emgapiv2.api.signing import signed_url


class MGnifyDownloadFileIndexFile(Schema):
    index_type: Literal["fai", "gzi", "csi"]
    url: str | None = None


class _DownloadFile(Schema):
    alias: str
    file_type: DownloadFileType
    download_type: DownloadType
    download_group: str
    short_description: str
    long_description: str
    file_size_bytes: int | None = Field(None, alias="size_bytes")
    sha256: str | None = None
    md5: str | None = None
    index_files: list[MGnifyDownloadFileIndexFile] | None = None
    url: str | None = None
    permanent_url: str

    @staticmethod
    def resolve_url(file: Download, context: dict[str, Any]) -> str | None:
        return file.external_url or file_url(context["request"], file.analysis or file.study, file.path)

    @staticmethod
    def resolve_index_files(file: Download, context: dict[str, Any]) -> list[dict[str, Any]] | None:
        request, parent = context["request"], file.analysis or file.study
        files = [{"index_type": i["index_type"], "url": file_url(request, parent, i["path"])} for i in file.index_files]
        return files or None

    @staticmethod
    def resolve_permanent_url(file: Download) -> str:
        return permanent_url((file.analysis or file.study).accession, file.alias)


class MGnifyAnalysisDownloadFile(_DownloadFile):
    """A file of an analysis. Sizes in bytes."""


class MGnifyStudyDownloadFile(_DownloadFile):
    """A file of a whole study. Sizes in bytes."""


def file_url(request: ApiRequest, parent: Any, path: str | None) -> str | None:
    """Where a file is fetched: signed while it lies in the private area, but never in lists, which are kept longer."""
    if url := public_url(parent, path):
        return url
    is_list = hasattr(request, "neighbours")
    if path is None or is_list or parent.results_area != ResultsArea.PRIVATE or not parent.external_results_dir:
        return None
    return private_url(request, f"{parent.external_results_dir}/{path}")


def private_url(request: ApiRequest, path: str) -> str | None:
    """Where a file of the private area is fetched by this caller, for a while."""
    request.is_signed = True
    return signed_url(path, holder=str(actor_of(request)), now=int(time.time()))


def public_url(parent: Any, path: str | None) -> str | None:
    """Where a file of the public area is served; None where there is none, or while it lies in the private area."""
    if path is None or parent.results_area != ResultsArea.PUBLIC or not parent.external_results_dir:
        return None
    root = settings.EMG_CONFIG.service_urls.transfer_services_url_root
    return f"{root.rstrip('/')}/{quote(f'{parent.external_results_dir}/{path}'.rstrip('/'))}"


def permanent_url(accession: str, alias: str) -> str:
    """The address that leads to a file, wherever it lies and whoever may fetch it."""
    prefix = settings.EMG_CONFIG.service_urls.api_prefixes[0].strip("/")
    noun = "studies" if accession.startswith("MGYS") else "analyses"
    return absolute(f"/{prefix}/{noun}/{accession}/downloads/{quote(alias)}")
