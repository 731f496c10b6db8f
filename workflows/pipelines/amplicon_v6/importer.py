"""How files of amplicon v6 become annotations and downloads (``spec/pipelines.md`` §3.1)."""

import json
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

from analyses.models import DownloadFileType as File
from analyses.models import DownloadType
from workflows.pipelines.amplicon_v6.results import CLOSED_REFERENCE, READ_COUNTS, SOURCES
from workflows.pipelines.amplicon_v6.rules import ASV_BASED
from workflows.pipelines.checks import fasta_records
from workflows.pipelines.declaration import DownloadRule, Import
from workflows.pipelines.tables import biom_rows, count_of, krona_rows, sound_rows, summed_taxa, taxa
from workflows.pipelines.tree import Match

MAJORITY_SHARE = 0.45
summed_krona = summed_taxa(krona_rows)
TAXONOMIC, SEQUENCES = DownloadType.TAXONOMIC_ANALYSIS, DownloadType.SEQUENCE_DATA
QUALITY, STATISTICS = DownloadType.QUALITY_CONTROL, DownloadType.STATISTICS
TSV, HTML, JSON, FASTA = File.TSV, File.HTML, File.JSON, File.FASTA
KRONA = "Krona page"
ASVS, PRIMERS = "asv.distribution", "primer_identification"


def fastp_summary(files: Sequence[Match]) -> dict[str, Any]:
    return json.loads(files[0].file.read_text())["summary"]


def marker_gene_summary(
    domains: Sequence[Match], marker_genes: Sequence[Match], asv_counts: Sequence[Match]
) -> dict[str, Any]:
    """Reads by marker gene and domain, the majority marked; ASVs and their reads by amplified region."""
    reads: Counter[tuple[str, str]] = Counter()
    for match in domains:
        reads[match.keys["gene"], match.keys["domain"].capitalize()] += fasta_records(match.file)
    for match in marker_genes:
        if match.keys["gene"] == "ITS":
            reads["ITS", "Eukarya"] += fasta_records(match.file)
    total = sum(reads.values())
    genes: dict[str, dict[str, Any]] = {}
    for (gene, domain), count in sorted(reads.items()):
        majority = total > 0 and count >= MAJORITY_SHARE * total
        genes.setdefault(gene, {})[domain] = {"read_count": count, "majority_marker": majority}
    return {
        "closed_reference": {"marker_genes": genes},
        "asv": {"amplified_regions": [_amplified_region(match) for match in asv_counts]},
    }


def _amplified_region(match: Match) -> dict[str, Any]:
    gene, region = match.keys["region"].split("-", 1)
    counts = [count_of(row[1]) or 0 for row in sound_rows(match, READ_COUNTS)]
    return {"marker_gene": gene, "amplified_region": region, "asv_count": len(counts), "read_count": sum(counts)}


IMPORTS = (
    Import(("fastp",), "quality_control", fastp_summary),
    *[
        Import((f"{name}.tsv",), f"annotations.taxonomies.{SOURCES[name]}", taxa(biom_rows))
        for name in CLOSED_REFERENCE
    ],
    *[
        Import((f"{name}.krona",), f"annotations.taxonomies.{SOURCES[name]}", summed_taxa(krona_rows))
        for name in ASV_BASED
    ],
    Import(("domains", "marker_genes", "asv_counts"), "metadata.marker_gene_summary", marker_gene_summary),
)


def _of_reads(database: str) -> list[DownloadRule]:
    taxonomic = partial(DownloadRule, group=f"taxonomies.closed_reference.{database}", download_type=TAXONOMIC)
    page, matches = f"Chart of the reads by {database} lineage", f"Each read and its match in {database}"
    rows = f"Reads by {database} lineage"
    return [
        taxonomic(f"{database}.tsv", file_type=TSV, short=f"{database} taxonomy", long=rows, alias=database),
        taxonomic(f"{database}.html", file_type=HTML, short=KRONA, long=page, alias=f"{{id}}_{database}.html"),
        taxonomic(f"{database}.mseq", file_type=TSV, short=f"{database} matches", long=matches),
    ]


def _of_asvs(database: str) -> list[DownloadRule]:
    taxonomic = partial(DownloadRule, group=f"taxonomies.asv.{database}", download_type=TAXONOMIC)
    page, matches = (
        f"Chart of the ASV reads of one region by {database} lineage",
        f"Each ASV and its match in {database}",
    )
    lineages, alias = f"Each ASV and its {database} lineage", f"{{id}}_{{region}}_{database}.html"
    return [
        taxonomic(f"{database}.html", file_type=HTML, short=KRONA, long=page, alias=alias),
        taxonomic(f"{database}.mseq", file_type=TSV, short=f"{database} matches", long=matches),
        DownloadRule(f"{database}.tax", ASVS, TAXONOMIC, TSV, f"{database} lineages of ASVs", lineages),
    ]


DOWNLOADS = (
    DownloadRule("multiqc", "quality_control", QUALITY, HTML, "Quality control page", "Report of quality control"),
    DownloadRule("dada2_stats", "asv.stats", QUALITY, TSV, "DADA2 statistics", "Reads kept by each step of DADA2"),
    *[rule for database in CLOSED_REFERENCE for rule in _of_reads(database)],
    *[rule for database in ASV_BASED for rule in _of_asvs(database)],
    DownloadRule("asv_counts", ASVS, STATISTICS, TSV, "Reads of each ASV", "Reads of each ASV in one region"),
    DownloadRule("asv_sequences", "asv.sequences", SEQUENCES, FASTA, "ASV sequences", "Sequence of each ASV"),
    DownloadRule("primer_report", PRIMERS, QUALITY, JSON, "Primer report", "What was cut off"),
    DownloadRule("primer_validation", PRIMERS, STATISTICS, TSV, "Primer validation", "The primers found"),
    DownloadRule("primers", PRIMERS, SEQUENCES, FASTA, "Primers", "Sequences of the primers"),
)
