#!/usr/bin/env python3
"""A tree of miassembler, or a line that says why there is none."""

import gzip
import json
import sys
from pathlib import Path

TOO_FEW = {"ERR999000014"}
study, run, reads = sys.argv[1:]
if run in TOO_FEW:
    Path("qc_failed_runs.csv").write_text(f"{run},low_reads_count\n")
    sys.exit()
with gzip.open(reads, "rt") as file:
    lines = file.read().splitlines()[1::4]
contigs = dict.fromkeys(lines)
folder = Path(study[:7], study, run[:7], run, "assembly", "metaspades", "3.15.5")
(folder / "coverage").mkdir(parents=True)
with gzip.open(folder / f"{run}_cleaned.contigs.fa.gz", "wt") as file:
    file.writelines(f">contig_{number}\n{contig}\n" for number, contig in enumerate(contigs, 1))
coverage = {"coverage": 1.0, "coverage_depth": len(lines) / len(contigs)}
(folder / "coverage" / f"{run}_coverage.json").write_text(json.dumps(coverage))
Path("assembled_runs.csv").write_text(f"{run},metaspades,3.15.5\n")
