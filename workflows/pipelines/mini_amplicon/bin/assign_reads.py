#!/usr/bin/env python3
"""ASSIGN: merge pairs and name the reference each fragment comes from, by exact k-mers.

``k`` and ``min_kmer_share`` as JSON on stdin; arguments: how many files the run has, reference, reads. Writes
``assignments.tsv``: read, references (comma separated when they tie), lineage, shared k-mers, their share of the
fragment's, fragment. Unassigned fragments are not written. Standard library, Python 3.9.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from operator import ne
from pathlib import Path
from typing import NamedTuple

import exits
from fastq import Read, reads_of, reverse_complement
from reference import Reference, common_ancestor, load_reference

MIN_OVERLAP = 20
MISMATCHES_ALWAYS_ALLOWED, ONE_MISMATCH_IN = 2, 20  # 5 % of the overlap
PROBE = 40  # bases compared first: a wrong overlap shows at once


class Assignment(NamedTuple):
    references: list[Reference]
    shared: int
    share: float


def merge(first: Read, second: Read) -> bytes:
    """The fragment two mates come from: joined at their longest overlap, or read 1 alone when they do not meet.

    Where they differ the better quality wins, read 1 on a tie.
    """
    mate, mate_qualities = reverse_complement(second.bases), second.qualities[::-1]
    for length in range(min(len(first.bases), len(mate)), MIN_OVERLAP - 1, -1):
        left, right = first.bases[-length:], mate[:length]
        allowed = max(MISMATCHES_ALWAYS_ALLOWED, length // ONE_MISMATCH_IN)
        if sum(map(ne, left[:PROBE], right[:PROBE])) > allowed:
            continue
        differing = [place for place in range(length) if left[place] != right[place]] if left != right else []
        if len(differing) > allowed:
            continue
        overlap, qualities = bytearray(left), first.qualities[-length:]
        for place in differing:
            if mate_qualities[place] > qualities[place]:
                overlap[place] = right[place]
        return first.bases[:-length] + bytes(overlap) + mate[length:]
    return first.bases


def index_kmers(references: list[Reference], k: int) -> dict[bytes, int]:
    """k-mer of either strand → the references that hold it, as a bit mask over their positions in the list."""
    index: dict[bytes, int] = {}
    for position, reference in enumerate(references):
        for strand in (reference.sequence, reverse_complement(reference.sequence)):
            for kmer in _kmers(strand, k):
                index[kmer] = index.get(kmer, 0) | 1 << position
    return index


def assign(
    fragment: bytes, references: list[Reference], index: dict[bytes, int], *, k: int, min_share: float
) -> Assignment | None:
    """The references that share most of the fragment's distinct k-mers, or none below ``min_share`` of them."""
    kmers = _kmers(fragment, k)
    masks = Counter(index[kmer] for kmer in kmers if kmer in index)
    shared: Counter[int] = Counter()
    for mask, count in masks.items():
        for position in range(len(references)):
            if mask >> position & 1:
                shared[position] += count
    best = max(shared.values(), default=0)
    if not best or best < min_share * len(kmers):
        return None
    winners = [reference for position, reference in enumerate(references) if shared[position] == best]
    return Assignment(winners, best, best / len(kmers))


def fragments_of(filtered: Path, *, paired: bool) -> Iterator[tuple[bytes, bytes]]:
    """Yield (read name, fragment) of a file that holds single reads, or mates in turn."""
    reads = reads_of(filtered)
    for read in reads:
        yield read.name, merge(read, next(reads)) if paired else read.bases


def _kmers(bases: bytes, k: int) -> set[bytes]:
    return {bases[start : start + k] for start in range(len(bases) - k + 1)}


def main() -> None:
    asked, (mates, reference, filtered) = json.load(sys.stdin), sys.argv[1:]
    k, min_share, references = int(asked["k"]), float(asked["min_kmer_share"]), load_reference(Path(reference))
    index = index_kmers(references, k)
    with Path("assignments.tsv").open("w", encoding="ascii", newline="\n") as table:
        for name, fragment in fragments_of(Path(filtered), paired=mates == "2"):
            if found := assign(fragment, references, index, k=k, min_share=min_share):
                names = ",".join(reference.id for reference in found.references)
                lineage = common_ancestor([reference.lineage for reference in found.references])
                columns = (
                    name.decode("ascii", "backslashreplace"),
                    names,
                    lineage,
                    found.shared,
                    f"{found.share:.4f}",
                    fragment.decode(),
                )
                table.write("\t".join(map(str, columns)) + "\n")


if __name__ == "__main__":
    exits.run(main)
