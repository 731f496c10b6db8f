"""The sheet of raw reads: that of amplicons, and what sequenced them (``spec/pipelines.md`` §3.2)."""

from collections.abc import Mapping

from emgapiv2.config import EMGConfig
from workflows.pipelines.amplicon_v6 import samplesheet as amplicon
from workflows.pipelines.declaration import Column, Member
from workflows.pipelines.sheets import mates_of

LONG_READS = frozenset({"OXFORD_NANOPORE", "PACBIO_SMRT"})


def row(member: Member, config: EMGConfig) -> Mapping[str, object]:
    return {**amplicon.row(member, config), "instrument_platform": member.facts["instrument_platform"]}


def refusal(member: Member) -> str | None:
    """One such run stops the pipeline for all others."""
    platform = member.facts["instrument_platform"]
    if platform in LONG_READS and len(mates_of(member)) > 1:
        return f"its reads are paired, which the pipeline does not take of {platform}"
    return None


COLUMNS = (*amplicon.COLUMNS, Column("instrument_platform", "text", pattern="[A-Z][A-Z0-9_]*"))
