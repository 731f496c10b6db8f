"""What the raw reads pipeline leaves behind, and what must be true of it (``spec/pipelines.md`` §3.2)."""

from workflows.pipelines.checks import html, json_object
from workflows.pipelines.declaration import Node, Report, Summary
from workflows.pipelines.tables import Cell, count, krona_with_header, number, table
from workflows.pipelines.tree import Tree

# Folder of each database, and what older commits call it.
DATABASES = {"silva-ssu": "SILVA-SSU", "silva-lsu": "SILVA-LSU", "motus": "mOTUs"}
SOURCES = {"silva-ssu": "ssu", "silva-lsu": "lsu", "motus": "motus"}
NOTHING_FOUND = "all_empty_results"
# The file decides whether a run passed; the word is only its reason.
WORDS = {
    "all_results": "every part of the analysis has results",
    "some_empty_results": "a part of the analysis has no results, as one that was skipped",
    NOTHING_FOUND: "no part of the analysis has results",
    "no_reads": "no read is left after quality control",
}
REPORTS = (Report("qc_passed_runs.csv", "pass", WORDS), Report("qc_failed_runs.csv", "fail", WORDS))


def taxonomy_was_on(tree: Tree) -> bool:
    return not tree.asked.get("skip_taxonomic") and tree.word != NOTHING_FOUND


def functional_was_on(tree: Tree) -> bool:
    return tree.asked.get("skip_functional") is False and tree.word != NOTHING_FOUND


def _of_database(name: str) -> list[Node]:
    stems = [f"taxonomy-summary/{one}/{{id}}_{one}" for one in (name, DATABASES[name])]
    tables, pages = (tuple(stem + ending for stem in stems) for ending in (".txt.gz", ".html"))
    return [
        Node(name, tables, taxonomy_was_on, check=krona_with_header),
        Node(f"{name}.html", pages, taxonomy_was_on, check=html),
    ]


COVERAGES = ("coverage_depth", "coverage_breadth")
PFAM = table(Cell("function", r"\S+", unique=True), count("read_count"), *map(number, COVERAGES))
PFAM_STEMS = tuple(f"function-summary/{name}/{{id}}_{name}" for name in ("pfam", "Pfam-A"))
NODES = (
    Node("fastp", "qc/{id}_qc.fastp.json", check=json_object("summary")),
    Node("decontamination", "qc/{id}_decontamination.fastp.json", check=json_object("summary")),
    Node("multiqc", "qc/{id}_multiqc_report.html", check=html),
    *[node for name in DATABASES for node in _of_database(name)],
    Node("pfam", tuple(f"{stem}.txt.gz" for stem in PFAM_STEMS), functional_was_on, check=PFAM),
    Node("pfam.stats", tuple(f"{stem}.stats.json" for stem in PFAM_STEMS), functional_was_on, check=json_object()),
)
LAYERS = {"read_count": "count", **dict.fromkeys(COVERAGES, "value")}
SUMMARIES = (
    *[Summary(name, f"study_summary.{name}", f"taxonomies.{SOURCES[name]}") for name in DATABASES],
    *[
        Summary(
            f"pfam_{layer.replace('_', '-')}",
            f"study_summary.pfam.{layer.replace('_', '-')}",
            f"functional_annotation.pfam.{layer}",
            index=("function",),
            keys=("identifier",),
            value=value,
            functional=True,
        )
        for layer, value in LAYERS.items()
    ],
)
