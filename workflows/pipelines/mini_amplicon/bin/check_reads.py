#!/usr/bin/env python3
"""QC: judge the reads of one run, count them as fastp does, keep those good enough.

Thresholds as JSON on stdin; arguments: the run and its files. Writes below ``<run>/qc/``; then either
``filtered.fastq.gz`` (mates in turn) or, when the run is refused, ``verdict.csv`` with the run and the word. Standard
library, Python 3.9.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import exits
from fastq import BrokenFastq, Read, Tally, mean_phred, templates_of

VERSION = "mini_amplicon-1"
LIBRARY_POSITIONS, LIBRARY_READS, LIBRARY_SHARE = 20, 1000, 0.40


@dataclass(frozen=True)
class Limits:
    min_mean_phred: float
    min_length: int
    max_n_fraction: float

    def are_met_by(self, read: Read) -> bool:
        return (
            len(read.bases) >= self.min_length
            and mean_phred(read.qualities) >= self.min_mean_phred
            and read.bases.count(b"N") <= self.max_n_fraction * len(read.bases)
        )


class Library:
    """Does a library begin with the same gene everywhere (an amplicon), or anywhere (shotgun)?"""

    def __init__(self) -> None:
        self.reads = 0
        self.columns: list[Counter[int]] = [Counter() for _ in range(LIBRARY_POSITIONS)]

    def add(self, bases: bytes) -> None:
        if self.reads < LIBRARY_READS:
            self.reads += 1
            for position, base in enumerate(bases[:LIBRARY_POSITIONS]):
                self.columns[position][base] += 1

    def is_amplicon(self) -> bool:
        """Mean share of the commonest base; positions without one known base say nothing either way."""
        known = [[column[base] for base in b"ACGT"] for column in self.columns]
        shares = [max(counts) / sum(counts) for counts in known if sum(counts)]
        return not shares or sum(shares) / len(shares) >= LIBRARY_SHARE


@dataclass
class Findings:
    mates: int
    before: Tally
    after: Tally
    library: Library = field(default_factory=Library)
    suffixes: set[tuple[bytes, ...]] = field(default_factory=set)

    def word(self) -> str:
        """Empty for a run that passes; else the first refusal in the order of the checks."""
        if len(self.suffixes) > 1 or not self.suffixes <= {(b"",) * self.mates, (b"1", b"2")[: self.mates]}:
            return "sfxhd_fail"
        if not self.library.is_amplicon():
            return "libstrat_fail"
        return "" if self.after.reads[0] else "no_reads"


def read_all(paths: list[Path], limits: Limits, filtered: Path) -> Findings:
    """One pass over all reads.

    :raises BrokenFastq: the structure is broken somewhere
    """
    findings = Findings(len(paths), Tally(len(paths)), Tally(len(paths)))
    with filtered.open("wb") as raw, gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as output:
        for template in templates_of(paths):
            findings.before.add(template)
            findings.library.add(template[0].bases)
            findings.suffixes.add(tuple(read.suffix for read in template))
            if all(map(limits.are_met_by, template)):
                findings.after.add(template)
                for read in template:
                    output.write(b"@%s\n%s\n+\n%s\n" % (read.name, read.bases, read.qualities))
    return findings


def fastp_json(findings: Findings) -> str:
    summary = {
        "fastp_version": VERSION,
        "sequencing": "paired end" if findings.mates == 2 else "single end",
        "before_filtering": findings.before.summary(),
        "after_filtering": findings.after.summary(),
    }
    return json.dumps({"summary": summary}, indent=2) + "\n"


def main() -> None:
    asked, (run, *names) = json.load(sys.stdin), sys.argv[1:]
    limits = Limits(float(asked["min_mean_phred"]), int(asked["min_length"]), float(asked["max_n_fraction"]))
    folder, filtered = Path(run, "qc"), Path("filtered.fastq.gz")
    folder.mkdir(parents=True)
    layout = "PE" if len(names) == 2 else "SE"
    try:
        findings = read_all([Path(name) for name in names], limits, filtered)
    except BrokenFastq as fault:
        sys.stderr.write(f"{fault}\n")
        word, seqfu = "seqfu_fail", ("ERR", layout, names[0], 0, 0, 1)
    else:
        word = findings.word()
        seqfu = ("OK", layout, names[0], findings.before.reads[0], findings.before.bases[0], 0)
        (folder / f"{run}.fastp.json").write_text(fastp_json(findings))
    (folder / f"{run}_seqfu.tsv").write_text("\t".join(map(str, seqfu)) + "\n")
    if word:
        filtered.unlink()
        Path("verdict.csv").write_text(f"{run},{word}\n")


if __name__ == "__main__":
    exits.run(main)
