#!/usr/bin/env python3
"""REPORT: turn the assignments of one run into the result tree of amplicon v6, and pass the run.

The counts are those of ``assignments.tsv``; nothing is written that the reads did not give. No ASV is made, hence the
word ``no_asvs``. Standard library, Python 3.9.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from contextlib import ExitStack
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
    taxonomy = _folder(root / "taxonomy-summary" / LABEL)
    counts: Counter[str] = Counter()
    has_any = assignments.stat().st_size > 0
    paths = {"mseq": taxonomy / f"{run}_{LABEL}.mseq"}
    # Without one assigned read there is no such category and no region: the folders are left out whole.
    if has_any:
        categories = _folder(root / "sequence-categorisation")
        region = _folder(root / "amplified-region-inference")
        paths |= {
            "ssu": categories / f"{run}_SSU.fasta",
            "bacteria": categories / f"{run}_{MODEL}.{FAMILY}.fa",
            "tblout": categories / f"{run}.tblout.deoverlapped",
            "v4": region / f"{run}.16S.V4.txt",
        }
        columns = ("Run", "AssertionEvidence", "AssertionMethod", "Marker gene", "Variable region")
        row = (run, "ECO_0000363", f"{method} to a reference that holds only V4", "16S", "V4")
        (region / f"{run}.tsv").write_text("\t".join(columns) + "\n" + "\t".join(row) + "\n")
    with ExitStack() as open_files, assignments.open(encoding="ascii") as lines:
        out = {key: open_files.enter_context(path.open("w", newline="\n")) for key, path in paths.items()}
        out["mseq"].write(f"# {method}, not MAPseq\n#query\tdbhit\tshare\n")
        if has_any:
            out["tblout"].write(f"# {method}, not cmsearch\n# read\tmodel\tshared k-mers\n")
        for line in lines:
            read, references, lineage, shared, share, fragment = line.rstrip("\n").split("\t")
            counts[lineage] += 1
            out["mseq"].write(f"{read}\t{references}\t{share}\n")
            out["tblout"].write(f"{read}\t{MODEL}\t{shared}\n")
            out["v4"].write(f"{read}\n")
            for key in ("ssu", "bacteria"):
                out[key].write(f">{read}\n{fragment}\n")
    return counts


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
    shown = [(lineage, count, count / total) for _, count, lineage, _ in rows]
    (folder / f"{run}.html").write_text(page(f"Taxonomy of {run}", note, ("lineage", "fragments", "share"), shown))


def write_quality_page(run: str, summary: dict[str, dict[str, object]]) -> None:
    before, after = summary["before_filtering"], summary["after_filtering"]
    rows = [(key, before[key], after[key]) for key in before if not key.endswith(("rate", "content"))]
    rows += [(key, before[key], after[key]) for key in ("q20_rate", "q30_rate", "gc_content")]
    text = page(f"Reads of {run}", "This is not MultiQC.", ("measure", "before filtering", "after filtering"), rows)
    (_folder(Path(run, "qc")) / f"{run}_multiqc_report.html").write_text(text)


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", required=True)
    parser.add_argument("--mates", type=int, required=True)
    parser.add_argument("--k", type=int, required=True)
    parser.add_argument("reference", type=Path)
    parser.add_argument("fastp", type=Path)
    parser.add_argument("assignments", type=Path)
    asked = parser.parse_args()
    summary = json.loads(asked.fastp.read_text())["summary"]
    counts = write_assignments(asked.assignments, asked.run, asked.k)
    fragments = summary["after_filtering"]["total_reads"] // asked.mates
    write_taxonomy(asked.run, counts, asked.reference, fragments - sum(counts.values()))
    write_quality_page(asked.run, summary)
    # Made-up and cut reads carry no primers, and none is looked for: one empty file says so.
    (_folder(Path(asked.run, "primer-identification")) / f"{asked.run}.cutadapt.json").touch()
    Path("verdict.csv").write_text(f"{asked.run},no_asvs\n")


if __name__ == "__main__":
    exits.run(main)
