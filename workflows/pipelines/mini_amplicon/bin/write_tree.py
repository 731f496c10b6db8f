#!/usr/bin/env python3
"""REPORT: turn the assignments of one run into the result tree of amplicon v6, and pass the run.

The counts are those of ``assignments.tsv``; nothing is written that the reads did not give. No ASV is made, hence the
word ``no_asvs``. ``k`` as JSON on stdin. Standard library, Python 3.9.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import exits
from pages import page
from reference import load_reference, taxa_of

LABEL = "SILVA-SSU"  # a folder name of amplicon v6, never changed
MODEL, FAMILY = "SSU_rRNA_bacteria", "RF00177"


def write_assignments(assignments: Path, run: str, k: int) -> Counter[str]:
    """Write the files with one entry a read.

    :returns: reads by lineage
    """
    root, method = Path(run), f"mini_amplicon: exact {k}-mer matches"
    rows = [line.split("\t") for line in assignments.read_text("ascii").split("\n") if line]
    _write(
        root / "taxonomy-summary" / LABEL / f"{run}_{LABEL}.mseq",
        f"# {method}, not MAPseq\n#query\tdbhit\tshare\n",
        (f"{read}\t{references}\t{share}\n" for read, references, _, _, share, _ in rows),
    )
    # Without one assigned read there is no such category and no region: the folders are left out whole.
    if rows:
        categories, region = root / "sequence-categorisation", root / "amplified-region-inference"
        for name in (f"{run}_SSU.fasta", f"{run}_{MODEL}.{FAMILY}.fa"):
            _write(categories / name, "", (f">{read}\n{fragment}\n" for read, *_, fragment in rows))
        _write(
            categories / f"{run}.tblout.deoverlapped",
            f"# {method}, not cmsearch\n# read\tmodel\tshared k-mers\n",
            (f"{read}\t{MODEL}\t{shared}\n" for read, _, _, shared, *_ in rows),
        )
        _write(region / f"{run}.16S.V4.txt", "", (f"{read}\n" for read, *_ in rows))
        columns = ("Run", "AssertionEvidence", "AssertionMethod", "Marker gene", "Variable region")
        row = (run, "ECO_0000363", f"{method} to a reference that holds only V4", "16S", "V4")
        _write(region / f"{run}.tsv", "\t".join(columns) + "\n", ["\t".join(row) + "\n"])
    return Counter(lineage for _, _, lineage, *_ in rows)


def write_taxonomy(run: str, counts: Counter[str], reference: Path, unassigned: int) -> None:
    folder = Path(run, "taxonomy-summary", LABEL)
    taxa = taxa_of(load_reference(reference))
    rows = sorted((taxa[lineage].otu, count, lineage, taxa[lineage].taxid) for lineage, count in counts.items())
    table = "".join(f"{otu}\t{count}.0\t{lineage}\t{taxid}\n" for otu, count, lineage, taxid in rows)
    header = f"# Constructed from biom file\n# OTU ID\t{LABEL}\ttaxonomy\ttaxid\n"
    (folder / f"{run}_{LABEL}.tsv").write_text(header + table)
    krona = "".join("\t".join([str(counts[lineage]), *lineage.split(";")]) + "\n" for lineage in sorted(counts))
    (folder / f"{run}_{LABEL}.txt").write_text(krona)
    total = sum(counts.values())
    note = f"{total} fragments assigned by exact k-mer matches, {unassigned} unassigned."
    shown = [(lineage, count, f"{count / total:.2%}") for _, count, lineage, _ in rows]
    (folder / f"{run}.html").write_text(page(f"Taxonomy of {run}", note, ("lineage", "fragments", "share"), shown))


def write_quality_page(run: str, summary: dict[str, dict[str, object]]) -> None:
    before, after = summary["before_filtering"], summary["after_filtering"]
    rows = [(key, before[key], after[key]) for key in before]
    text = page(f"Reads of {run}", "This is not MultiQC.", ("measure", "before filtering", "after filtering"), rows)
    _write(Path(run, "qc", f"{run}_multiqc_report.html"), text, ())


def _write(path: Path, head: str, lines: Iterable[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head + "".join(lines))


def main() -> None:
    run, mates, reference, fastp, assignments = sys.argv[1:]
    summary = json.loads(Path(fastp).read_text())["summary"]
    counts = write_assignments(Path(assignments), run, json.load(sys.stdin)["k"])
    fragments = summary["after_filtering"]["total_reads"] // int(mates)
    write_taxonomy(run, counts, Path(reference), fragments - sum(counts.values()))
    write_quality_page(run, summary)
    # Made-up and cut reads carry no primers, and none is looked for: one empty file says so.
    _write(Path(run, "primer-identification", f"{run}.cutadapt.json"), "", ())
    Path("verdict.csv").write_text(f"{run},no_asvs\n")


if __name__ == "__main__":
    exits.run(main)
