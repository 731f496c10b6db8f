"""The pipeline takes accessions as a parameter; the sheet keeps which ones a round was asked for."""

from collections.abc import Mapping

from emgapiv2.config import EMGConfig
from workflows.pipelines.declaration import Column, Member


def row(member: Member, _config: EMGConfig) -> Mapping[str, object]:
    return {"sample": member.accession}


COLUMNS = (Column("sample", "accession", unique=True),)
