from typing import Literal

from pydantic import BaseModel, ConfigDict


class FastqFile(BaseModel):
    """A read file of a run, as ``ena.files`` chose it."""

    model_config = ConfigDict(extra="forbid")

    filename: str
    ftp_url: str
    https_url: str
    md5: str | None = None
    bytes: int | None = None
    role: Literal["single", "forward", "reverse", "other"]
