"""What the assembler leaves behind, and what must be true of it (``spec/pipelines.md`` §3.3)."""

from collections.abc import Iterator

from workflows.pipelines.checks import fasta, json_object
from workflows.pipelines.declaration import Fault, Judgement, Node, Report, optional
from workflows.pipelines.tree import Tree

ASSEMBLERS = ("spades", "metaspades", "megahit", "flye")
TOO_FEW_CONTIGS = frozenset({"too_few_contigs", "short_reads_contig_threshold"})
REPORTS = (
    Report("assembled_runs.csv", "pass", {name: f"assembled by {name}" for name in ASSEMBLERS}),
    Report(
        "qc_failed_runs.csv",
        "fail",
        {
            "low_reads_count": "too few reads",
            "filter_ratio_threshold_exceeded": "filtering left too few of the reads",
            "short_reads_low_reads_count_threshold": "too few reads",
            "short_reads_filter_ratio_threshold_exceeded": "filtering left too few of the reads",
            **dict.fromkeys(TOO_FEW_CONTIGS, "the assembly has too few contigs"),
        },
        open=True,
        after_assembly=TOO_FEW_CONTIGS,
    ),
)


def was_assembled(tree: Tree) -> bool:
    return bool(tree.word) or "assembly" in tree.folders


def assembler_is_the_reported(tree: Tree) -> Iterator[Fault]:
    folders = tree.subfolders("assembly")
    if tree.word and folders and folders != [tree.word]:
        yield Fault("assembly", "assembler", ", ".join(folders), tree.word)


FOLDER = "assembly/{assembler:" + "|".join(ASSEMBLERS) + r"}/{version:[\w.+-]+}"
NODES = (
    Node("contigs", f"{FOLDER}/{{id}}_cleaned.contigs.fa.gz", was_assembled, check=fasta(2)),
    Node(
        "coverage",
        f"{FOLDER}/coverage/{{id}}_coverage.json",
        was_assembled,
        check=json_object("coverage", "coverage_depth", of=(int, float)),
    ),
    Node("depths", f"{FOLDER}/coverage/{{id}}_coverage_depth_summary.tsv.gz", optional),
    # What else there is differs by assembler, and is not read.
    Node("raw", FOLDER + r"/{rest:(?!\w+_cleaned\.contigs\.fa\.gz$)[^/]+}", optional, None, may_be_empty=True),
    Node("assembly_qc", FOLDER + "/{place:decontamination|qc}/{rest:.+}", optional, None, may_be_empty=True),
    Node("reads_qc", "qc/{rest:.+}", optional, None, may_be_empty=True),
)
RULES = (assembler_is_the_reported,)


def judged_by_tree(tree: Tree) -> bool:
    """Long reads stand in neither report."""
    return tree.asked.get("assembler") == "flye" or tree.asked.get("platform") in ("ont", "pb")


def judge(tree: Tree) -> Judgement:
    """A sound tree, or one without an assembly, of which nobody says why."""
    if "assembly" in tree.folders:
        return Judgement("completed", tree.subfolders("assembly")[0])
    return Judgement(None, "no assembly, and no report speaks of long reads")
