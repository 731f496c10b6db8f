"""MAP reads ASA's contigs and genes, and VIRify's regions where there are any (``spec/pipelines.md`` §3.7)."""

from collections.abc import Mapping

from emgapiv2.config import EMGConfig
from workflows.pipelines.declaration import Column, Member


def row(member: Member, _config: EMGConfig) -> Mapping[str, object]:
    return {
        "sample": member.accession,
        "assembly": member.files.get("assembly_v6.contigs"),
        "user_proteins_gff": member.files.get("assembly_v6.predicted_cds.gff.gz"),
        "virify_gff": member.files.get("virify_v3.gff") or member.files.get("virify_v3.plain_gff"),
    }


COLUMNS = (
    Column("sample", "accession", unique=True),
    Column("assembly", "path"),
    Column("user_proteins_gff", "path"),
    Column("virify_gff", "path", required=False),
)
