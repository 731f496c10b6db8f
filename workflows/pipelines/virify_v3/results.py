"""The one file of VIRify that is kept; an assembly without viruses has none (``spec/pipelines.md`` §3.6)."""

from workflows.pipelines.checks import gff3
from workflows.pipelines.declaration import Judgement, Node, optional
from workflows.pipelines.tree import Tree

GFF = "08-final/gff/{id}_virify.gff"


NODES = (
    Node("gff", f"{GFF}.gz", optional, check=gff3, index=("gzi", "csi")),
    Node("plain_gff", GFF, optional, check=gff3),  # before 3.1.0
)


def judge(tree: Tree) -> Judgement:
    """A sound tree of a job that succeeded; without a file there were no viral contigs, which is legal."""
    found = any(tree.size(path) is not None for path in (GFF, f"{GFF}.gz"))
    return Judgement("completed", "viruses_found" if found else "no_viral_contigs", proven=False)
