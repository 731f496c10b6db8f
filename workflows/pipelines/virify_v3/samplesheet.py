"""VIRify reads ASA's contigs and proteins where they lie (``spec/pipelines.md`` §3.6)."""

from collections.abc import Mapping

from emgapiv2.config import EMGConfig
from workflows.pipelines.declaration import Column, Member


def row(member: Member, _config: EMGConfig) -> Mapping[str, object]:
    contigs, proteins = (member.files.get(f"assembly_v6.{node}") for node in ("contigs", "predicted_cds.faa.gz"))
    return {"id": member.accession, "assembly": contigs, "proteins": proteins}


COLUMNS = (
    Column("id", "accession", unique=True),
    Column("assembly", "path", pattern=r"\S+\.fn?a(sta)?(\.gz)?"),
    Column("fastq_1", "reads", required=False),
    Column("fastq_2", "reads", required=False),
    Column("proteins", "path"),
)
