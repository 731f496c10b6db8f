"""How files of amplicon v6 become annotations and downloads (``spec/pipelines.md`` §3.1)."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from workflows.pipelines.amplicon_v6.results import ASV_BASED, CLOSED_REFERENCE, SOURCES
from workflows.pipelines.checks import TaxonRow, biom_rows, count_of, fasta_records, krona_rows, open_text
from workflows.pipelines.declaration import DownloadRule, Import, Problem
from workflows.pipelines.tree import Match

MAJORITY_SHARE = 0.45
TAXONOMIC, STATISTICS, QUALITY = "Taxonomic analysis", "Statistics", "Quality control"


class UnreadableResult(ValueError):
    """A file passed its checks when the tree was judged, and does not now."""


def _rows(match: Match, read: Callable[[Path], Iterator[TaxonRow | Problem]]) -> Iterator[TaxonRow]:
    for row in read(match.file) if match.size_bytes else ():
        if isinstance(row, Problem):
            raise UnreadableResult(f"{match.path}: {row.found}, expected {row.expected}")
        yield row


def closed_reference(files: Sequence[Match]) -> list[dict[str, Any]]:
    """Records {organism, count[, taxid]} in the order of the table."""
    return [
        {"organism": row.organism, "count": row.count} | ({} if row.taxid is None else {"taxid": row.taxid})
        for match in files
        for row in _rows(match, biom_rows)
    ]


def summed_regions(files: Sequence[Match]) -> list[dict[str, Any]]:
    """Records {organism, count}, the counts of all regions added up."""
    counts: Counter[str] = Counter()
    for match in files:
        for row in _rows(match, krona_rows):
            counts[row.organism] += row.count
    return [{"organism": organism, "count": count} for organism, count in counts.items()]


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
    with open_text(match.file) as file:
        counts = [count_of(line.rstrip("\n").split("\t")[1]) or 0 for line in list(file)[1:]]
    return {"marker_gene": gene, "amplified_region": region, "asv_count": len(counts), "read_count": sum(counts)}


IMPORTS = (
    Import(("fastp",), "quality_control", fastp_summary),
    *[
        Import((f"{database}.tsv",), f"annotations.taxonomies.{SOURCES[database]}", closed_reference)
        for database in CLOSED_REFERENCE
    ],
    *[
        Import((f"{database}.krona",), f"annotations.taxonomies.{database.lower().replace('-', '_')}", summed_regions)
        for database in ASV_BASED
    ],
    Import(("domains", "marker_genes", "asv_counts"), "metadata.marker_gene_summary", marker_gene_summary),
)


def _closed_reference_downloads(database: str) -> list[DownloadRule]:
    group = f"taxonomies.closed_reference.{database}"
    return [
        DownloadRule(
            f"{database}.tsv", group, TAXONOMIC, "tsv", f"{database} taxonomy", f"Reads by {database} lineage", database
        ),
        DownloadRule(
            f"{database}.html",
            group,
            TAXONOMIC,
            "html",
            f"{database} Krona page",
            f"Chart of the reads by {database} lineage",
            f"{{id}}_{database}.html",
        ),
        DownloadRule(
            f"{database}.mseq", group, TAXONOMIC, "tsv", f"{database} matches", f"Each read and its match in {database}"
        ),
    ]


def _asv_based_downloads(database: str) -> list[DownloadRule]:
    group = f"taxonomies.asv.{database}"
    return [
        DownloadRule(
            f"{database}.html",
            group,
            TAXONOMIC,
            "html",
            f"{database} Krona page",
            f"Chart of the ASV reads of one region by {database} lineage",
            f"{{id}}_{{region}}_{database}.html",
        ),
        DownloadRule(
            f"{database}.mseq", group, TAXONOMIC, "tsv", f"{database} matches", f"Each ASV and its match in {database}"
        ),
        DownloadRule(
            f"{database}.tax",
            "asv.distribution",
            TAXONOMIC,
            "tsv",
            f"{database} lineages of ASVs",
            f"Each ASV and its {database} lineage",
        ),
    ]


DOWNLOADS = (
    DownloadRule("multiqc", "quality_control", QUALITY, "html", "Quality control page", "Report of quality control"),
    DownloadRule("dada2_stats", "asv.stats", QUALITY, "tsv", "DADA2 statistics", "Reads kept by each step of DADA2"),
    *[rule for database in CLOSED_REFERENCE for rule in _closed_reference_downloads(database)],
    *[rule for database in ASV_BASED for rule in _asv_based_downloads(database)],
    DownloadRule(
        "asv_counts", "asv.distribution", STATISTICS, "tsv", "Reads of each ASV", "Reads of each ASV in one region"
    ),
    DownloadRule("asv_sequences", "asv.sequences", "Sequence data", "fasta", "ASV sequences", "Sequence of each ASV"),
    DownloadRule("primer_report", "primer_identification", QUALITY, "json", "Primer report", "What was cut off"),
    DownloadRule(
        "primer_validation", "primer_identification", STATISTICS, "tsv", "Primer validation", "The primers found"
    ),
    DownloadRule("primers", "primer_identification", "Sequence data", "fasta", "Primers", "Sequences of the primers"),
)
