"""What ASA leaves behind, and what must be true of it (``spec/pipelines.md`` §3.5)."""

from workflows.pipelines import tables
from workflows.pipelines.checks import fasta, gff3, html, json_object, xlsx
from workflows.pipelines.declaration import Check, Node, Report, Summary, optional
from workflows.pipelines.tree import Tree, has_folders

INVALID_GFF = "invalid_summary_gff"
REPORTS = (
    Report(
        "analysed_assemblies.csv",
        "pass",
        {"success": "every part of the analysis was made", INVALID_GFF: "all but the summary GFF, which is not valid"},
    ),
    Report(
        "qc_failed_assemblies.csv",
        "fail",
        {
            f"insufficient_contigs_after_{step}_filtering": f"too few contigs are left after filtering by {what}"
            for step, what in {"length": "length", "n_content": "share of N", "n_bases": "runs of N"}.items()
        },
    ),
)
FUNCTIONS, SYSTEMS = "functional-annotation", "pathways-and-systems"
GZI = ("gzi",)


def gff_is_valid(tree: Tree) -> bool:
    return tree.word != INVALID_GFF


def gff_is_invalid(tree: Tree) -> bool:
    return tree.word == INVALID_GFF


def _files(folder: str, *names: str, check: Check | None = None, index: tuple[str, ...] = ()) -> list[Node]:
    """Mandatory files that begin with the accession; a node is called by the rest of the name."""
    return [Node(name, f"{folder}/{{id}}_{name}", check=check, index=index) for name in names]


def _may_be(folder: str, *names: str, check: Check | None = None) -> list[Node]:
    return [Node(name, f"{folder}/{{id}}_{name}", optional, check=check) for name in names]


NODES = (
    Node("contigs", "qc/{id}_filtered_contigs.fasta.gz", check=fasta(1), index=("fai", "gzi")),
    Node("quast", ("qc/{id}_quast_stats.tsv.gz", "qc/{id}.tsv"), check=tables.quast),
    Node("multiqc", "qc/multiqc_report.html", may_be_empty=True, check=html),
    *_files("cds", "predicted_orf.ffn.gz", "predicted_cds.faa.gz", check=fasta(1)),
    *_files("cds", "predicted_cds.gff.gz", check=gff3),
    *_files("taxonomy", "contigs_taxonomy.tsv.gz"),
    Node("krona", "taxonomy/{id}.krona.txt.gz", check=tables.krona_rows),
    Node("krona.html", "taxonomy/{id}.html", check=html),
    *_may_be("taxonomy", "SSU.fasta.gz", "LSU.fasta.gz", "other_ncRNA.fasta.gz", check=fasta(1)),
    *_files(f"{FUNCTIONS}/interpro", "interproscan.tsv.gz"),
    *_files(f"{FUNCTIONS}/interpro", "interpro_summary.tsv.gz", check=tables.INTERPRO, index=GZI),
    *_files(f"{FUNCTIONS}/pfam", "pfam_summary.tsv.gz", check=tables.PFAM, index=GZI),
    *_files(f"{FUNCTIONS}/go", "go_summary.tsv.gz", "goslim_summary.tsv.gz", check=tables.GO, index=GZI),
    *_files(f"{FUNCTIONS}/rhea-reactions", "proteins2rhea.tsv.gz", index=GZI),
    *_files(f"{FUNCTIONS}/eggnog", "emapper_seed_orthologs.tsv.gz", "emapper_annotations.tsv.gz"),
    *_files(f"{FUNCTIONS}/kegg", "ko_summary.tsv.gz", check=tables.KO, index=GZI),
    *_files(f"{FUNCTIONS}/dbcan", "dbcan_cgc.gff.gz", check=gff3),
    *_files(f"{FUNCTIONS}/dbcan", *(f"dbcan_{what}.tsv.gz" for what in ("standard_out", "overview", "sub_hmm"))),
    *_files(f"{FUNCTIONS}/dbcan", "dbcan_substrates.tsv.gz"),
    *_may_be(f"{SYSTEMS}/antismash", "antismash.gbk.gz"),
    *_may_be(f"{SYSTEMS}/antismash", "antismash.gff.gz", check=gff3),
    *_may_be(f"{SYSTEMS}/antismash", "antismash_summary.tsv.gz", check=tables.ANTISMASH),
    Node(
        "sanntis.gff.gz",
        tuple(f"{SYSTEMS}/sanntis/{{id}}_sanntis{how}.gff.gz" for how in ("_concatenated", "")),
        optional,
        check=gff3,
    ),
    *_may_be(f"{SYSTEMS}/sanntis", "sanntis_summary.tsv.gz", check=tables.SANNTIS),
    *_files(f"{SYSTEMS}/genome-properties", "gp.json.gz", check=json_object()),
    *_files(f"{SYSTEMS}/genome-properties", "gp.tsv.gz", "gp.txt.gz"),
    *_files(
        f"{SYSTEMS}/kegg-modules", "kegg_modules_per_contigs.tsv.gz", check=tables.KEGG_MODULES_PER_CONTIG, index=GZI
    ),
    *_files(f"{SYSTEMS}/kegg-modules", "kegg_modules_summary.tsv.gz", check=tables.KEGG_MODULES, index=GZI),
    *_files(f"{SYSTEMS}/dram-distill", "dram.tsv.gz", "genome_stats.tsv.gz"),
    *_files(f"{SYSTEMS}/dram-distill", "dram.html.gz", check=html),
    *_files(f"{SYSTEMS}/dram-distill", "metabolism_summary.xlsx.gz", check=xlsx),
    Node(
        "annotation_summary",
        "annotation-summary/{id}_annotation_summary.gff.gz",
        gff_is_valid,
        check=gff3,
        index=("gzi", "csi"),
    ),
    Node("gff_errors", "annotation-summary/{id}_gff_validation_errors.log", gff_is_invalid, may_be_empty=True),
)
RULES = (has_folders(f"{SYSTEMS}/antismash", f"{SYSTEMS}/sanntis"),)


def _summary(kind: str, node: str, *index: str, keys: tuple[int, ...] = (), value: int = -1) -> Summary:
    group, places = f"study_summary.v6.assembly.{kind}", keys or tuple(range(len(index)))
    return Summary(kind, group, node=node, index=index, keys=places, value=value, functional=True)


ABOUT = "description"
MIBIG = ("nearest_mibig", "nearest_mibig_class", ABOUT)
SUMMARIES = (
    Summary("taxonomy", "study_summary.v6.assembly.taxonomy", "taxonomies.uniref"),
    _summary("go", "go_summary.tsv.gz", "GO", ABOUT, "category"),
    _summary("goslim", "goslim_summary.tsv.gz", "GO", ABOUT, "category"),
    _summary("interpro", "interpro_summary.tsv.gz", "IPR", ABOUT),
    _summary("ko", "ko_summary.tsv.gz", "KO", ABOUT),
    _summary("pfam", "pfam_summary.tsv.gz", "PFAM", ABOUT),
    _summary("antismash", "antismash_summary.tsv.gz", "label", ABOUT),
    _summary("sanntis", "sanntis_summary.tsv.gz", *MIBIG),
    _summary(
        "kegg_modules",
        "kegg_modules_summary.tsv.gz",
        *("module_accession", "pathway_name", "pathway_class"),
        keys=(0, 2, 3),
        value=1,
    ),
)
