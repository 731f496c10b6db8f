"""The sheet of the amplicon pipelines (``spec/pipelines.md`` §3.1)."""

from collections.abc import Mapping

from emgapiv2.config import EMGConfig
from workflows.pipelines.declaration import Column, Member
from workflows.pipelines.sheets import reads_of

FASTQ = r"\S+\.f(ast)?q\.gz"


def row(member: Member, config: EMGConfig) -> Mapping[str, object]:
    """Single or paired is what the chosen files say, not what the library claims."""
    first, second = reads_of(member, config)
    return {"sample": member.accession, "fastq_1": first, "fastq_2": second, "single_end": not second}


COLUMNS = (
    Column("sample", "accession", pattern=r"[EDS]RR[0-9]{6,}", unique=True),
    Column("fastq_1", "reads", pattern=FASTQ),
    Column("fastq_2", "reads", pattern=FASTQ, required=False),
    Column("single_end", "bool"),
)
