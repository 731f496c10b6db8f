"""The sheet of the assembler: how each run is to be assembled, and of what it is to be cleaned (§3.3)."""

import math
from collections.abc import Mapping

from emgapiv2.config import EMGConfig
from workflows.pipelines.declaration import Column, Member
from workflows.pipelines.sheets import reads_of

FASTQ = r"\S+\.f(ast)?q\.gz"
REFERENCE = r"[\w.-]+\.(fa|fasta|fna)(\.gz)?"
OWN_REFERENCES = ("human_reference", "phix_reference", "lambdaphage_reference")
PLATFORMS = {"PACBIO_SMRT": "pb", "OXFORD_NANOPORE": "ont", "ION_TORRENT": "iontorrent"}
STRATEGIES = {"METAG": "metagenomic", "METAT": "metatranscriptomic"}
DEFAULT_MEMORY_GIB = 16


def row(member: Member, config: EMGConfig) -> Mapping[str, object]:
    facts, references = member.facts, config.assembler.references
    first, second = reads_of(member, config)
    platform, host = str(facts["instrument_platform"] or ""), facts.get("contaminant_reference")
    return {
        "study_accession": member.study,
        "reads_accession": member.accession,
        "fastq_1": first,
        "fastq_2": second,
        "library_layout": "paired" if second else "single",
        "library_strategy": STRATEGIES.get(str(facts["experiment_type"]), "other"),
        "platform": PLATFORMS.get(platform, platform.lower()),
        "assembler": facts.get("assembler"),
        "assembly_memory": math.ceil(facts.get("assembly_memory_gib") or DEFAULT_MEMORY_GIB),
        # A host is known by the name of its genome, a curator's choice by that of its file.
        "contaminant_reference": f"{host}.fna" if host and "." not in host else host,
        **{name: references.get(name) for name in OWN_REFERENCES},
    }


COLUMNS = (
    Column("study_accession", "accession"),
    Column("reads_accession", "accession", unique=True),
    Column("fastq_1", "reads", pattern=FASTQ),
    Column("fastq_2", "reads", pattern=FASTQ, required=False),
    Column("library_layout", "text", pattern="single|paired"),
    Column("library_strategy", "text", pattern="metagenomic|metatranscriptomic|genomic|transcriptomic|other"),
    Column("platform", "text", pattern="[a-z][a-z0-9_]*"),
    Column("assembler", "text", pattern="spades|metaspades|megahit|flye", required=False),
    Column("assembly_memory", "int", pattern="[1-9][0-9]*"),
    Column("assembler_config", "text", pattern="nano-(raw|corr|hq)|pacbio-(raw|corr|hifi)", required=False),
    *[Column(name, "text", pattern=REFERENCE, required=False) for name in ("contaminant_reference", *OWN_REFERENCES)],
)
