"""The sheet of ASA: an assembly of ENA, or one of ours before it is there (``spec/pipelines.md`` §3.5)."""

from collections.abc import Mapping

from emgapiv2.config import EMGConfig
from workflows.pipelines.declaration import Column, Member
from workflows.pipelines.sheets import address

REFERENCE = r"[\w.-]+"


def row(member: Member, config: EMGConfig) -> Mapping[str, object]:
    """ENA's first file of the assembly, or ours while ENA lists none; the references left empty are the site's own."""
    metadata = member.facts.get("metadata") or {}
    generated = str(metadata.get("generated_ftp") or "").split(";")[0]
    return {
        "sample": member.accession,
        "assembly_fasta": address(generated, config) if generated else member.facts.get("contigs_file"),
        "contaminant_reference": metadata.get("contaminant_reference"),
    }


COLUMNS = (
    Column("sample", "accession", pattern=r"[EDS]RZ[0-9]{6,}", unique=True),
    Column("assembly_fasta", "reads", pattern=r"\S+\.(fasta|fa|fna|ffn)(\.gz)?"),
    Column("contaminant_reference", "text", pattern=REFERENCE, required=False),
    Column("human_reference", "text", pattern=REFERENCE, required=False),
    Column("phix_reference", "text", pattern=REFERENCE, required=False),
)
