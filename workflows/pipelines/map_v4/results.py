"""The one file of MAP that is kept: it is always written (``spec/pipelines.md`` §3.7)."""

from workflows.pipelines.checks import gff3
from workflows.pipelines.declaration import Judgement, Node
from workflows.pipelines.tree import Tree

NODES = (Node("gff", "gff/{id}_user_mobilome_full.gff.gz", check=gff3, index=("gzi", "csi")),)


def judge(_tree: Tree) -> Judgement:
    """A sound tree of a job that succeeded."""
    return Judgement("completed", "annotated", proven=False)
