"""A file offered to readers, as a pipeline's importer describes it (``spec/catalogue.md`` §5.9, §8)."""

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from analyses.models import DownloadFileType, DownloadType

CLIMBS_OUT = re.compile(r"\A/|\.\.|//|[\x00-\x1f\x7f]|\A\Z")
# First words of the groups that the web client knows; what follows the first dot is free.
ANALYSIS_GROUPS = frozenset(
    {
        "all",
        "quality_control",
        "taxonomy",
        "primer_identification",
        "taxonomies",
        "asv",
        "pfams",
        "annotation_summary",
        "coding_sequences",
        "functional_annotation",
        "pathways_and_systems",
        "virify",
        "mobilome_annotation_pipeline",
    }
)


class IndexFile(BaseModel):
    """An index beside a file: its path is that of the file, a dot and the type."""

    model_config = ConfigDict(extra="forbid")

    index_type: Literal["fai", "gzi", "csi"]
    path: str


class NewDownload(BaseModel):
    """A download before it is published: no digests yet. ``path`` is relative to the published folder."""

    model_config = ConfigDict(extra="forbid")

    path: str
    alias: str = Field(min_length=1, max_length=255)
    file_type: DownloadFileType
    download_type: DownloadType
    download_group: str
    short_description: str = ""
    long_description: str = ""
    size_bytes: int | None = Field(None, ge=0)
    index_files: list[IndexFile] = []

    @field_validator("path")
    @classmethod
    def _stays_inside(cls, path: str) -> str:
        if CLIMBS_OUT.search(path):
            raise ValueError(f"{path!r} is not a path below the published folder")
        return path

    @field_validator("download_group")
    @classmethod
    def _group_is_known(cls, group: str) -> str:
        if group.partition(".")[0] not in ANALYSIS_GROUPS:
            raise ValueError(f"{group!r} does not begin with one of {', '.join(sorted(ANALYSIS_GROUPS))}")
        return group

    @model_validator(mode="after")
    def _indexes_lie_beside(self) -> Self:
        for index in self.index_files:
            if index.path != f"{self.path}.{index.index_type}":
                raise ValueError(f"index {index.path!r} is not {self.path}.{index.index_type}")
        return self
