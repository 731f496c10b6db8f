"""Files that readers may fetch, and where they are served (``spec/api-v2.md`` §7.5)."""

from typing import Any, Literal
from urllib.parse import quote

from django.conf import settings
from ninja import Field, Schema

from analyses.models import Download, DownloadFileType, DownloadType, ResultsArea


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

    @staticmethod
    def resolve_url(file: Download) -> str | None:
        return file.external_url or public_url(file.analysis or file.study, file.path)

    @staticmethod
    def resolve_index_files(file: Download) -> list[dict[str, Any]] | None:
        parent = file.analysis or file.study
        files = [{"index_type": i["index_type"], "url": public_url(parent, i["path"])} for i in file.index_files]
        return files or None


class MGnifyAnalysisDownloadFile(_DownloadFile):
    """A file of an analysis. Sizes in bytes."""


class MGnifyStudyDownloadFile(_DownloadFile):
    """A file of a whole study. Sizes in bytes."""


def public_url(parent: Any, path: str | None) -> str | None:
    """Where a file of the public area is served; None where there is none, or while it lies in the private area."""
    if path is None or parent.results_area != ResultsArea.PUBLIC or not parent.external_results_dir:
        return None
    root = settings.EMG_CONFIG.service_urls.transfer_services_url_root
    return f"{root.rstrip('/')}/{quote(f'{parent.external_results_dir}/{path}'.rstrip('/'))}"
