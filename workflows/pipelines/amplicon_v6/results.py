"""What amplicon v6 leaves behind, and what must be true of it (``spec/pipelines.md`` §3.1)."""

import re
from collections.abc import Callable, Iterator

from workflows.pipelines.checks import Cell, biom_rows, fasta, first_cell, html, json_object, krona_rows, table
from workflows.pipelines.declaration import Fault, Node, Report, Summary, optional
from workflows.pipelines.tree import Tree

CLOSED_REFERENCE = ("SILVA-SSU", "SILVA-LSU", "PR2", "UNITE", "ITSoneDB")
SOURCES = {"SILVA-SSU": "ssu", "SILVA-LSU": "lsu", "PR2": "pr2", "UNITE": "unite", "ITSoneDB": "its_one_db"}
ASV_BASED = ("DADA2-SILVA", "DADA2-PR2")
REGION = r"(?:16S|18S)-V\d(?:-V\d)?"

REPORTS = (
    Report(
        "qc_passed_runs.csv",
        "pass",
        {
            "all_results": "every part of the analysis was made",
            "no_asvs": "no amplicon sequence variants were made",
            "dada2_stats_fail": "DADA2 gave up",
            "asvs_only": "only amplicon sequence variants were made",
        },
    ),
    Report(
        "qc_failed_runs.csv",
        "fail",
        {
            "seqfu_fail": "the FASTQ files are malformed",
            "sfxhd_fail": "the read names carry wrong suffixes",
            "libstrat_fail": "the reads are not amplicons",
            "no_reads": "no read is left after quality control",
            "its_sanity_check_fail": "the ITS reads are not what they claim",
        },
    ),
)


def in_folder(folder: str) -> Callable[[Tree], bool]:
    return lambda tree: folder in tree.folders


def gave_up(tree: Tree) -> bool:
    """DADA2 wrote its errors: nothing of the ASVs is expected."""
    return tree.size("qc/{id}_dada2_errors.txt") is not None


def has_asvs(tree: Tree) -> bool:
    return bool(tree.size("asv/{id}_asv_seqs.fasta")) and not gave_up(tree)


def two_regions(tree: Tree) -> bool:
    regions = [name for name in tree.subfolders("asv") if re.fullmatch(REGION, name, re.ASCII)]
    return has_asvs(tree) and len(regions) == 2


def primers_are_one_or_four(tree: Tree) -> Iterator[Fault]:
    """Either an empty report, or four files of which the primers found and their reports are not empty."""
    folder = "primer-identification"
    if folder not in tree.folders:
        return
    sizes = {path.split("/", 1)[1]: size for path, size in tree.sizes.items() if path.startswith(folder + "/")}
    report, validation = f"{tree.id}.cutadapt.json", f"{tree.id}_primer_validation.tsv"
    four = {"fwd_primers.fasta", "rev_primers.fasta", validation, report}
    if set(sizes) == {report}:
        if sizes[report]:
            yield Fault(f"{folder}/{report}", "primers", f"{sizes[report]} bytes", "empty where it stands alone")
    elif set(sizes) != four:
        yield Fault(folder, "primers", ", ".join(sorted(sizes)) or "nothing", f"{report} alone, or four files")
    elif any(sizes.values()) and not (
        (sizes["fwd_primers.fasta"] or sizes["rev_primers.fasta"]) and sizes[validation] and sizes[report]
    ):
        empty = ", ".join(name for name, size in sorted(sizes.items()) if not size)
        yield Fault(folder, "primers", f"empty: {empty}", "all empty, or primers with both reports")


def dada2_tables_need_asvs(tree: Tree) -> Iterator[Fault]:
    for database in ASV_BASED:
        if f"taxonomy-summary/{database}" in tree.folders and (not has_asvs(tree) or tree.word == "no_asvs"):
            why = "no_asvs" if tree.word == "no_asvs" else "no ASV sequences"
            yield Fault(f"taxonomy-summary/{database}", "unexpected_folder", why, "no such folder without ASVs")


def _closed_reference(database: str) -> list[Node]:
    folder = f"taxonomy-summary/{database}"
    need = in_folder(folder)
    stem = f"{folder}/{{id}}_{database}"
    return [
        Node(f"{database}.mseq", f"{stem}.mseq", need, may_be_empty=True),
        Node(f"{database}.tsv", f"{stem}.tsv", need, may_be_empty=True, checks=(biom_rows,)),
        Node(f"{database}.txt", f"{stem}.txt", need, may_be_empty=True, checks=(krona_rows,)),
        Node(f"{database}.html", f"{folder}/{{id}}.html", need, checks=(html,)),
    ]


def _asv_based(database: str) -> list[Node]:
    folder, region = f"taxonomy-summary/{database}", {"region": REGION}
    page, counts = f"{folder}/{{id}}_{{region}}.html", f"{folder}/{{id}}_{{region}}_{database}_asv_krona_counts.txt"
    return [
        Node(f"{database}.tax", f"asv/{{id}}_{database}_asv_tax.tsv", has_asvs),
        Node(f"{database}.mseq", f"{folder}/{{id}}_{database}.mseq", has_asvs, may_be_empty=True),
        Node(f"{database}.html", page, has_asvs, region, (1, 2), checks=(html,)),
        Node(f"{database}.krona", counts, has_asvs, region, (1, 2), may_be_empty=True, checks=(krona_rows,)),
        Node(f"{database}.concat.html", page.replace("{region}", "concat"), two_regions, checks=(html,)),
        Node(f"{database}.concat.krona", counts.replace("{region}", "concat"), two_regions, may_be_empty=True),
    ]


READ_COUNTS = table(Cell("asv", r"\S+", unique=True), Cell("count", is_count=True))
REGIONS = table(
    *[Cell(name) for name in ("Run", "AssertionEvidence", "AssertionMethod", "Marker gene", "Variable region")]
)
CATEGORIES, INFERENCE, PRIMERS = "sequence-categorisation", "amplified-region-inference", "primer-identification"
FA = r"fa(?:sta)?"
NODES = (
    Node("seqfu", "qc/{id}_seqfu.tsv", checks=(first_cell("OK"),)),
    Node("fastp", "qc/{id}.fastp.json", checks=(json_object("summary"),)),
    Node("multiqc", "qc/{id}_multiqc_report.html", checks=(html,)),
    Node("suffixes", "qc/{id}_suffix_header_err.json", optional, may_be_empty=True),
    Node("reads", ("qc/{id}.merged.fastq.gz", "qc/{id}.fastp.fastq.gz"), optional, publish=False),
    Node("dada2_stats", ("qc/{id}_dada2_stats.tsv", "asv/{id}_dada2_stats.tsv"), has_asvs),
    Node("dada2_errors", "qc/{id}_dada2_errors.txt", optional, may_be_empty=True),
    Node(
        "truncation",
        "{place}/{id}_dada2_truncation_points.{ext}",
        optional,
        {"place": "qc|asv", "ext": r"\w+"},
        (0, None),
        may_be_empty=True,
    ),
    Node("matches", f"{CATEGORIES}/{{id}}.tblout.deoverlapped", in_folder(CATEGORIES)),
    Node(
        "marker_genes",
        f"{CATEGORIES}/{{stem}}_{{gene}}{{rrna}}.{{ext}}",
        in_folder(CATEGORIES),
        {"stem": r"\w+?", "gene": "SSU|LSU|ITS", "rrna": "(?:_rRNA)?", "ext": FA},
        (1, None),
        checks=(fasta(1),),
    ),
    Node(
        "domains",
        f"{CATEGORIES}/{{id}}_{{gene}}_rRNA_{{domain}}.{{model}}.{{ext}}",
        optional,
        {"gene": "SSU|LSU", "domain": "bacteria|archaea|eukarya", "model": r"RF\d{5}", "ext": FA},
        (0, None),
        may_be_empty=True,
        checks=(fasta(1),),
    ),
    Node("inference", f"{INFERENCE}/{{id}}.tsv", in_folder(INFERENCE), checks=(REGIONS,)),
    Node(
        "region_reads",
        f"{INFERENCE}/{{id}}.{{gene}}.{{variable}}.txt",
        optional,
        {"gene": "16S|18S", "variable": r"V\d(?:-V\d)?"},
        (0, 2),
        may_be_empty=True,
    ),
    Node("primer_report", f"{PRIMERS}/{{id}}.cutadapt.json", in_folder(PRIMERS), may_be_empty=True),
    Node("primer_validation", f"{PRIMERS}/{{id}}_primer_validation.tsv", optional, may_be_empty=True),
    Node(
        "primers",
        f"{PRIMERS}/{{end}}_primers.fasta",
        optional,
        {"end": "fwd|rev"},
        (0, 2),
        may_be_empty=True,
        checks=(fasta(1),),
    ),
    # Empty sequences mean "no ASVs"; that they are there is then nobody's need.
    Node("asv_sequences", "asv/{id}_asv_seqs.fasta", optional, may_be_empty=True, checks=(fasta(1),)),
    Node(
        "asv_counts",
        "asv/{region}/{id}_{region}_asv_read_counts.tsv",
        has_asvs,
        {"region": REGION},
        (1, 2),
        checks=(READ_COUNTS,),
    ),
    Node("asv_counts.concat", "asv/concat/{id}_concat_asv_read_counts.tsv", two_regions, checks=(READ_COUNTS,)),
    *[node for database in CLOSED_REFERENCE for node in _closed_reference(database)],
    *[node for database in ASV_BASED for node in _asv_based(database)],
)
RULES = (primers_are_one_or_four, dada2_tables_need_asvs)
CLOSED_FOLDERS = {"taxonomy-summary": frozenset(CLOSED_REFERENCE + ASV_BASED)}
SUMMARIES = tuple(
    Summary(f"taxonomies.{source}", database, "study_summary.v6.amplicon") for database, source in SOURCES.items()
)
