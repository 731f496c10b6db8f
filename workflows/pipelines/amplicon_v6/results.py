"""What amplicon v6 leaves behind, and what must be true of it (``spec/pipelines.md`` §3.1)."""

from workflows.pipelines.amplicon_v6.rules import (
    ASV_BASED,
    REGION,
    dada2_tables_need_asvs,
    has_asvs,
    primers_are_one_or_four,
    two_regions,
    words_need_asvs,
)
from workflows.pipelines.checks import fasta, first_cell, html, json_object
from workflows.pipelines.declaration import DarwinCore, Node, Report, Summary, optional
from workflows.pipelines.tables import Cell, biom_rows, count, krona_rows, table
from workflows.pipelines.tree import in_folder

CLOSED_REFERENCE = ("SILVA-SSU", "SILVA-LSU", "PR2", "UNITE", "ITSoneDB")
SOURCES = {"SILVA-SSU": "ssu", "SILVA-LSU": "lsu", "PR2": "pr2", "UNITE": "unite", "ITSoneDB": "its_one_db"}
SOURCES |= {"DADA2-SILVA": "dada2_silva", "DADA2-PR2": "dada2_pr2"}

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


def _closed_reference(database: str) -> list[Node]:
    folder = f"taxonomy-summary/{database}"
    need, stem = in_folder(folder), f"{folder}/{{id}}_{database}"
    return [
        Node(f"{database}.mseq", f"{stem}.mseq", need, may_be_empty=True),
        Node(f"{database}.tsv", f"{stem}.tsv", need, may_be_empty=True, check=biom_rows),
        Node(f"{database}.txt", f"{stem}.txt", need, may_be_empty=True, check=krona_rows),
        Node(f"{database}.html", f"{folder}/{{id}}.html", need, check=html),
    ]


def _asv_based(database: str) -> list[Node]:
    stem, counts = f"taxonomy-summary/{database}/{{id}}", f"{database}_asv_krona_counts.txt"
    region = "{region:" + REGION + "}"
    return [
        Node(f"{database}.tax", f"asv/{{id}}_{database}_asv_tax.tsv", has_asvs),
        Node(f"{database}.mseq", f"{stem}_{database}.mseq", has_asvs, may_be_empty=True),
        Node(f"{database}.html", f"{stem}_{region}.html", has_asvs, most=2, check=html),
        Node(f"{database}.krona", f"{stem}_{region}_{counts}", has_asvs, 2, may_be_empty=True, check=krona_rows),
        Node(f"{database}.concat.html", f"{stem}_concat.html", two_regions, check=html),
        Node(f"{database}.concat.krona", f"{stem}_concat_{counts}", two_regions, may_be_empty=True),
    ]


READ_COUNTS = table(Cell("asv", r"\S+", unique=True), count())
REGION_COLUMNS = ("Run", "AssertionEvidence", "AssertionMethod", "Marker gene", "Variable region")
REGIONS = table(*(Cell(name) for name in REGION_COLUMNS))
CATEGORIES, INFERENCE, PRIMERS = "sequence-categorisation", "amplified-region-inference", "primer-identification"
NODES = (
    Node("seqfu", "qc/{id}_seqfu.tsv", check=first_cell("OK")),
    Node("fastp", "qc/{id}.fastp.json", check=json_object("summary")),
    Node("multiqc", "qc/{id}_multiqc_report.html", check=html),
    Node("suffixes", "qc/{id}_suffix_header_err.json", optional, may_be_empty=True),
    Node("dada2_stats", ("qc/{id}_dada2_stats.tsv", "asv/{id}_dada2_stats.tsv"), has_asvs),
    Node("dada2_errors", "qc/{id}_dada2_errors.txt", optional, may_be_empty=True),
    Node("truncation", r"{place:qc|asv}/{id}_dada2_truncation_points.{ext:\w+}", optional, None, may_be_empty=True),
    Node("matches", f"{CATEGORIES}/{{id}}.tblout.deoverlapped", in_folder(CATEGORIES)),
    Node(
        "marker_genes",
        CATEGORIES + r"/{stem:\w+?}_{gene:SSU|LSU|ITS}{rrna:(?:_rRNA)?}.{ext:fa(?:sta)?}",
        in_folder(CATEGORIES),
        most=None,
        check=fasta(1),
    ),
    Node(
        "domains",
        CATEGORIES + r"/{id}_{gene:SSU|LSU}_rRNA_{domain:bacteria|archaea|eukarya}.{model:RF[0-9]+}.{ext:fa(?:sta)?}",
        optional,
        most=None,
        may_be_empty=True,
        check=fasta(1),
    ),
    Node("inference", f"{INFERENCE}/{{id}}.tsv", in_folder(INFERENCE), check=REGIONS),
    Node(
        "region_reads", INFERENCE + r"/{id}.{gene:16S|18S}.{variable:V\d(?:-V\d)?}.txt", optional, 2, may_be_empty=True
    ),
    Node("primer_report", f"{PRIMERS}/{{id}}.cutadapt.json", in_folder(PRIMERS), may_be_empty=True),
    Node("primer_validation", f"{PRIMERS}/{{id}}_primer_validation.tsv", optional, may_be_empty=True),
    Node("primers", PRIMERS + "/{end:fwd|rev}_primers.fasta", optional, 2, may_be_empty=True, check=fasta(1)),
    # Empty sequences mean "no ASVs"; that they are there is then nobody's need.
    Node("asv_sequences", "asv/{id}_asv_seqs.fasta", optional, may_be_empty=True, check=fasta(1)),
    Node(
        "asv_counts",
        "asv/{region:" + REGION + "}/{id}_{region}_asv_read_counts.tsv",
        has_asvs,
        most=2,
        check=READ_COUNTS,
    ),
    Node("asv_counts.concat", "asv/concat/{id}_concat_asv_read_counts.tsv", two_regions, check=READ_COUNTS),
    *[node for database in CLOSED_REFERENCE for node in _closed_reference(database)],
    *[node for database in ASV_BASED for node in _asv_based(database)],
)
RULES = (primers_are_one_or_four, words_need_asvs, dada2_tables_need_asvs)
CLOSED_FOLDERS = {"taxonomy-summary": frozenset(CLOSED_REFERENCE + ASV_BASED)}
GROUP = "study_summary.v6.amplicon"
SUMMARIES = (
    *[Summary(database, GROUP, f"taxonomies.{SOURCES[database]}") for database in CLOSED_REFERENCE],
    *[Summary(f"{database}_{{region}}", GROUP, node=f"{database}.krona", keys=(0,), value=1) for database in ASV_BASED],
)
SILVA_RANKS = {"sk": "Superkingdom", "d": "Superkingdom", "k": "Kingdom", "p": "Phylum"}
PR2_RANKS = {"d": "Domain", "sg": "Supergroup", "dv": "Division", "sdv": "Subdivision"}
LOWER_RANKS = {"c": "Class", "o": "Order", "f": "Family", "g": "Genus", "s": "Species"}
RANKS = {"PR2": PR2_RANKS | LOWER_RANKS}
OTUS = {"SILVA-SSU": "SILVA-SSU.otu", "SILVA-LSU": "SILVA-LSU.otu", "ITSoneDB": "ITSone.otu", "SILVA": "SILVA-SSU.otu"}


def _darwin_core(label: str, database: str, source: str = "", nodes: tuple[str, ...] = ()) -> DarwinCore:
    ranks = RANKS.get(database, SILVA_RANKS | LOWER_RANKS)
    return DarwinCore(label, GROUP, database.partition("-")[0], ranks, source, nodes, OTUS.get(database, ""))


DARWIN_CORE = (
    *[_darwin_core(f"closedref_{name}", name, f"taxonomies.{SOURCES[name]}") for name in CLOSED_REFERENCE],
    *[
        _darwin_core(
            f"{name}_{{region}}",
            name.removeprefix("DADA2-"),
            nodes=("asv_counts", f"{name}.tax", f"{name}.mseq", "asv_sequences"),
        )
        for name in ASV_BASED
    ],
)
