"""Members of a batch as a sheet sees them (``spec/pipelines.md`` §1.2).

Everything about a member comes from its own row and those it points to: no two lists are ever paired by position.
"""

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from analyses.models import Assembly
from analyses.selectors.heuristics import memory_to_assemble_gib
from ena.hosts import reference_genome_for
from workflows.batches.places import ena_accession
from workflows.batches.surveying import files_of
from workflows.models import Batch, BatchMember
from workflows.models.batch import SUBJECTS
from workflows.pipelines import registry
from workflows.pipelines.declaration import Member


def as_sheet_members(batch: Batch, members: Iterable[BatchMember]) -> list[Member]:
    """In the order of ``members``."""
    files = _files_before(batch)
    return [_as_sheet_member(batch, member, files.get(member.accession, {})) for member in members]


def _as_sheet_member(batch: Batch, member: BatchMember, files: dict[str, str]) -> Member:
    facts = facts_of(member)
    if member.product_assembly and member.run:
        facts |= _facts_to_assemble(batch, member)
    return Member(
        accession=member.accession,
        study=ena_accession(batch.study),
        fastq_files=tuple(member.run.fastq_files) if member.run else (),
        facts=facts,
        files=files,
        edits=member.edits,
    )


def facts_of(member: BatchMember) -> dict[str, Any]:
    """What ENA tells of a run or an assembly, by the fields' names."""
    if member.run:
        return {
            name: getattr(member.run, name) for name in ("instrument_platform", "experiment_type", "library_layout")
        }
    if member.assembly is None:
        return {}
    return {"metadata": member.assembly.metadata, "contigs_file": _contigs_file(member.assembly)}


def _contigs_file(assembly: Assembly) -> str | None:
    """Of one that was assembled here: ENA lists its file some days after it was sent."""
    if not assembly.dir or assembly.assembler is None:
        return None
    run = PurePath(assembly.dir).name
    return f"{assembly.dir}/assembly/{assembly.assembler.name}/{assembly.assembler.version}/{run}_cleaned.contigs.fa.gz"


def _facts_to_assemble(batch: Batch, member: BatchMember) -> dict[str, Any]:
    """What was decided about an assembly; the host's genome is the sample's own, unless a curator named another."""
    assembly, sample, biome = member.product_assembly, member.run.sample, batch.study.biome
    memory = memory_to_assemble_gib(biome=biome, assembler=assembly.assembler) if biome else None
    chosen = assembly.metadata.get("contaminant_reference")
    record = sample.ena_sample.metadata if sample.ena_sample else {}
    return {
        "assembler": assembly.assembler.name if assembly.assembler else None,
        "assembly_memory_gib": memory,
        "contaminant_reference": chosen or reference_genome_for(record),
    }


def _files_before(batch: Batch) -> dict[str, dict[str, str]]:
    """By accession, then ``<slug>.<node>``: what the stages before this one left for those that completed them."""
    found: dict[str, dict[str, str]] = {}
    stage = batch.parent
    while stage:
        completed = stage.members.filter(verdict=BatchMember.Verdict.COMPLETED)
        for member in completed.select_related("batch__study", *SUBJECTS):
            found.setdefault(member.accession, {}).update(files_of(member, registry.get(stage.slug)))
        stage = stage.parent
    return found
