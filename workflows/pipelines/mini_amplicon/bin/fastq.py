#!/usr/bin/env python3
"""Reading FASTQ strictly, and what a read is worth. Standard library, Python 3.9."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PHRED_OFFSET = 33
GOOD_QUALITIES = bytes(range(33, 127))
BELOW_Q20, BELOW_Q30 = bytes(range(33 + 20)), bytes(range(33 + 30))
SUFFIX = re.compile(rb"/([12])$")
COMPLEMENT = bytes.maketrans(b"ACGTN", b"TGCAN")


class BrokenFastq(Exception):
    """The text is not FASTQ; says which record and why."""


class Read(NamedTuple):
    header: bytes  # without the @
    bases: bytes  # upper case
    qualities: bytes  # as written, offset 33

    @property
    def name(self) -> bytes:
        """First word of the header without /1 or /2: equal for both mates."""
        return SUFFIX.sub(b"", self.header.split(None, 1)[0])

    @property
    def suffix(self) -> bytes:
        """``1``, ``2`` or nothing: the mate that the first or, as ENA writes it, the last word of the header names."""
        words = self.header.split()
        found = SUFFIX.search(words[0]) or SUFFIX.search(words[-1])
        return found[1] if found else b""


def reads_of(path: Path) -> Iterator[Read]:
    """Yield the reads of a gzipped FASTQ, four lines a record.

    :raises BrokenFastq: at the first record that is not one
    """
    with gzip.open(path) as lines:
        for number, header in enumerate(lines, start=1):
            bases, plus, qualities = (next(lines, b"").rstrip(b"\r\n") for _ in range(3))
            if not header.startswith(b"@") or not header[1:].strip() or not plus.startswith(b"+"):
                raise BrokenFastq(f"{path.name}: record {number} has no @ line or no + line")
            if len(bases) != len(qualities):
                raise BrokenFastq(f"{path.name}: record {number} has {len(bases)} bases, {len(qualities)} qualities")
            if (bases and not bases.isalpha()) or qualities.translate(None, GOOD_QUALITIES):
                raise BrokenFastq(f"{path.name}: record {number} has a character that is no base or no quality")
            yield Read(header[1:].rstrip(), bases.upper(), qualities)


def templates_of(paths: list[Path]) -> Iterator[tuple[Read, ...]]:
    """Yield single reads, or pairs in step.

    :raises BrokenFastq: also when the two files differ in number or names of reads
    """
    files = [reads_of(path) for path in paths]
    for number, first in enumerate(files[0], start=1):
        template = (first, *(read for read in (next(file, None) for file in files[1:]) if read))
        if len(template) != len(files):
            raise BrokenFastq(f"{paths[1].name}: ends before read {number} of {paths[0].name}")
        if any(read.name != first.name for read in template[1:]):
            raise BrokenFastq(f"read {number} is {first.name!r} in one file and {template[1].name!r} in the other")
        yield template
    for path, file in zip(paths[1:], files[1:]):  # noqa: B905 - zip(strict=) came with Python 3.10
        if next(file, None):
            raise BrokenFastq(f"{path.name}: has more reads than {paths[0].name}")


def mean_phred(qualities: bytes) -> float:
    return sum(qualities) / len(qualities) - PHRED_OFFSET if qualities else 0.0


def reverse_complement(bases: bytes) -> bytes:
    return bases.translate(COMPLEMENT)[::-1]


class Tally:
    """What fastp sums up of one set of reads; one list entry per mate where mates are told apart."""

    def __init__(self, mates: int) -> None:
        self.reads, self.bases = [0] * mates, [0] * mates
        self.q20 = self.q30 = self.gc = 0

    def add(self, template: tuple[Read, ...]) -> None:
        for mate, read in enumerate(template):
            self.reads[mate] += 1
            self.bases[mate] += len(read.bases)
            self.q20 += len(read.qualities.translate(None, BELOW_Q20))
            self.q30 += len(read.qualities.translate(None, BELOW_Q30))
            self.gc += read.bases.count(b"G") + read.bases.count(b"C")

    def summary(self) -> dict[str, int | float]:
        """The keys of fastp's ``summary``, in its order and units."""
        bases = sum(self.bases)
        means = {
            f"read{mate + 1}_mean_length": self.bases[mate] // count if count else 0
            for mate, count in enumerate(self.reads)
        }
        return {
            "total_reads": sum(self.reads),
            "total_bases": bases,
            "q20_bases": self.q20,
            "q30_bases": self.q30,
            "q20_rate": _share(self.q20, bases),
            "q30_rate": _share(self.q30, bases),
            **means,
            "gc_content": _share(self.gc, bases),
        }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0
