#!/usr/bin/env python3
"""The reference table ``ssu.tsv``: id, taxid, lineage, sequence below one header line. Standard library, Python 3.9."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple


class Reference(NamedTuple):
    line: int  # in the file; it serves as OTU id
    id: str
    taxid: str
    lineage: str
    sequence: bytes


class Taxon(NamedTuple):
    otu: int
    taxid: str


def load_reference(path: Path) -> list[Reference]:
    with path.open(encoding="ascii", newline="") as table:
        rows = csv.DictReader(table, delimiter="\t")
        return [
            Reference(rows.line_num, row["id"], row["taxid"], row["lineage"], row["sequence"].encode()) for row in rows
        ]


def common_ancestor(lineages: list[str]) -> str:
    """The ranks that all lineages begin with."""
    ranks = [lineage.split(";") for lineage in lineages]
    depth = 0
    while depth < min(map(len, ranks)) and len({lineage[depth] for lineage in ranks}) == 1:
        depth += 1
    return ";".join(ranks[0][:depth])


def taxa_of(references: list[Reference]) -> dict[str, Taxon]:
    """Every lineage an assignment may bear: the references' own, then their ancestors, numbered on from the last line.

    The table does not know the taxon ids of ancestors; theirs are empty.
    """
    own = {reference.lineage: Taxon(reference.line, reference.taxid) for reference in references}
    ancestors = {
        ";".join(ranks[:depth])
        for ranks in (reference.lineage.split(";") for reference in references)
        for depth in range(1, len(ranks))
    }
    first_free = max(reference.line for reference in references) + 1
    return own | {
        lineage: Taxon(number, "") for number, lineage in enumerate(sorted(ancestors - own.keys()), start=first_free)
    }
